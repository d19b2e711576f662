import pytest

from pointsman.rating.checks.sets import is_right


@pytest.mark.parametrize(
    ("response", "right"),
    [
        ("2, 3, 5", True),
        ("5, 3 and 2", True),
        ("The prime factors are 2, 3, and 5.", True),
        ("The factors are:\n- 2\n- 3\n- 5", True),
        ("The answer is {2, 3, 5}.", True),
        ("[2, 3, 5]", True),
        ("2; 3; 5", True),
        ("2, 3", False),
        ("2, 3, 5, 7", False),
        ("", False),
    ],
)
def test_the_same_items_in_any_order_are_right(response: str, right: bool) -> None:
    assert is_right(response, ["2", "3", "5"])[0] is right
