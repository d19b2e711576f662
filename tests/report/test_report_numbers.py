import pytest

from pointsman.report import numbers


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (0.0, "0%"), (0.38, "38%"), (0.3849, "38.5%"), (1.0, "100%"), (-0.101, "−10.1%")]
)
def test_percent(value, shown):
    assert numbers.percent(value) == shown


def test_tiny_negative_numbers_are_zero_without_a_sign():
    assert (numbers.plain(-0.0001), numbers.percent(-0.0001), numbers.signed(-0.0001)) == ("0.000", "0%", "+0.000")


def test_signs_of_differences():
    assert [numbers.signed(value) for value in (0.05, -0.05, None)] == ["+0.050", "−0.050", "–"]


def test_costs_carry_their_unit():
    assert [numbers.cost(value, "USD") for value in (0.0012345, 12.5, 1234.5, None)] == [
        "$0.001234",
        "$12.5",
        "$1,234",
        "–",
    ]
    assert numbers.cost(2.5, "relative") == "2.5"


def test_intervals_in_tables_and_words():
    assert numbers.with_ci(0.6, [0.55, 0.65]) == "0.600 (0.550 to 0.650)"
    assert numbers.with_ci(0.6, None) == "0.600"
    assert numbers.percent_with_ci(0.6, [0.55, 0.65]) == "60% (55% to 65%)"
    assert numbers.interval(None, 0.9) == "90% interval undefined"
    assert numbers.signed_interval([-0.01, 0.02], 0.95) == "95% interval −0.010 to +0.020"


def test_nouns():
    assert [numbers.count(n, "query", "queries") for n in (1, 1200)] == ["1 query", "1,200 queries"]
