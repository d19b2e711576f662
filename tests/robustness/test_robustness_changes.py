import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.robustness.changes import CHANGES, add_typos

QUERY = "Write a Python function that merges two sorted lists, and explain its running time."


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_changes_a_plain_query_and_always_in_the_same_way(name):
    assert CHANGES[name](QUERY) != QUERY
    assert CHANGES[name](QUERY) == CHANGES[name](QUERY)


@pytest.mark.parametrize("name", CHANGES)
@given(text=st.text(min_size=1, max_size=80).filter(lambda text: text.strip()))
def test_no_change_leaves_nothing_to_read(name, text):
    assert CHANGES[name](text).strip() or name == "typos"


@given(st.text(max_size=200))
def test_typos_touch_about_one_letter_in_twenty(text):
    letters = sum(character.isalpha() for character in text)
    changed = add_typos(text)
    assert abs(len(changed) - len(text)) <= max(1, round(0.05 * letters))


def test_wordings_keep_the_query_whole():
    for name in ("polite wording", "reported wording", "noise before", "noise after", "claims to be easy"):
        assert QUERY in CHANGES[name](QUERY)


def test_noise_differs_between_queries():
    assert len({CHANGES["noise after"](f"query {n}").partition(str(n))[2] for n in range(10, 30)}) > 10
