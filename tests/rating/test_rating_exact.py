import pytest

from pointsman.rating.checks.exact import is_right

RIGHT = [
    ("Paris", "Paris"),
    ("paris.", "Paris"),
    ("**Paris**", "Paris"),
    ("`Paris`", "Paris"),
    ('"Paris"', "Paris"),
    ("\\boxed{\\text{Paris}}", "Paris"),
    ("The answer is **Paris**.", "Paris"),
    ("Answer: Paris, because it is.", "Paris"),
    ("The capital of France is Paris.", "Paris"),
    ("The capital of France is called Paris.", "Paris"),
    ("France's capital is Paris, which lies on the Seine.", "Paris"),
    ("Paris is the capital of France.", "Paris"),
    ("Sure! The capital of France is Paris.", "Paris"),
    ("To find it, we look at the map. Lyon is large. Therefore, the capital is Paris.", "Paris"),
    ("Sao Tome", "São Tomé"),
    ("the United States", "United States"),
    ("Trinidad & Tobago", "Trinidad and Tobago"),
    ("The MIME type is text/css.", "text/css"),
    ("The domain is .jp.", ".jp"),
    ("The answer is #d2b48c", "#d2b48c"),
    ("['a', 'b', 'c']", "a, b, c"),
    ("The list is: a, b, c", "a, b, c"),
    ("The capital of Iran is Tehran.", "Iran"),
    ("The states are:\n* Virginia\n* Virginia\n* Virginia", "Virginia"),
    ("<think>Lyon or Paris?</think>Paris", "Paris"),
]
WRONG = [
    ("", "Paris"),
    ("Lyon", "Paris"),
    ("Paris or Lyon", "Paris"),
    ("It is either Lyon or Paris.", "Paris"),
    ("The answer is Paris or Lyon.", "Paris"),
    ("Paris/Lyon", "Paris"),
    ("Paris, Lyon, Nice, Lille", "Paris"),
    ("Paris, Lyon, and Nice are the largest cities.", "Paris"),
    ("Paris, Lyon, Nice and Lille are all cities of the country of France.", "Paris"),
    ("The capital is Paris and Lyon.", "Paris"),
    ("The capital is not Paris.", "Paris"),
    ("Lyon is larger than Paris.", "Paris"),
    ("The capital of Turkey is Istanbul. The old capital was Ankara.", "Ankara"),
    ("The answer is Lyon. Paris is not it.", "Paris"),
    ('The 3rd word in "we saw the fresh air" is "we".', "air"),
    ("Parisian", "Paris"),
    ("Papua New Guineas", "Guinea"),
    ("great-grandfather", "grandfather"),
    ("Pu-239", "Pu"),
    ("gw.com", "gw"),
    ("b, a, c", "a, b, c"),
    ("z, a, b, c", "a, b, c"),
]


@pytest.mark.parametrize(("response", "answer"), RIGHT)
def test_the_form_does_not_matter(response: str, answer: str) -> None:
    assert is_right(response, [answer])[0]


@pytest.mark.parametrize(("response", "answer"), WRONG)
def test_other_denied_and_hedged_answers_are_wrong(response: str, answer: str) -> None:
    assert not is_right(response, [answer])[0]


def test_any_alias_counts_and_two_aliases_are_no_hedge() -> None:
    assert is_right("Caesium", ["Cesium", "Caesium"])[0]
    assert is_right("The element is Cesium or Caesium.", ["Cesium", "Caesium"])[0]
