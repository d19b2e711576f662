import pytest

from pointsman.rating.checks.choice import chosen_option, is_right

CITIES = {"A": "London", "B": "Paris", "C": "Rome", "D": "Berlin"}
YES_NO = {"Yes": "Yes", "No": "No"}
TRUE_FALSE = {"True": "True", "False": "False"}
NAMES = {name: name for name in ("Guinea", "Papua New Guinea", "Niger", "Nigeria")}

BY_LETTER = [
    ("B", "B"),
    ("b", "B"),
    ("B.", "B"),
    ("(B)", "B"),
    ("B) Paris", "B"),
    ("B: Paris", "B"),
    ("**B**", "B"),
    ("B - Paris", "B"),
    ("The answer is **B) Paris**.", "B"),
    ("The correct answer is (B).", "B"),
    ("Answer: B", "B"),
    ("Option B", "B"),
    ("The correct option is B.", "B"),
    ("\\boxed{B}", "B"),
    ("Paris", "B"),
    ("The answer is Paris.", "B"),
    ("The capital of France is Paris.", "B"),
    ("Not A, but B.", "B"),
    ("A is wrong because London is in England. The answer is B.", "B"),
    ("A. London\n\nThe correct answer is D. Berlin.", "D"),
    ("A. London\nB. Paris\nC. Rome\nD. Berlin\n\nThe answer is B.", "B"),
    ("I would choose option C, as Rome is old.", "C"),
    ("A", "A"),
    ("<think>A? B? C?</think>B", "B"),
]
NO_LETTER = [
    "",
    "A or B",
    "A and B",
    "The answer is A or B.",
    "Either (A) or (C).",
    "A. Paris",
    "A. London\nB. Paris\nC. Rome",
    "London, Paris and Rome",
    "A capital is a large city.",
    "E",
]


@pytest.mark.parametrize(("response", "label"), BY_LETTER)
def test_an_option_is_named_by_its_label_or_its_text(response: str, label: str) -> None:
    assert chosen_option(response, CITIES) == label


@pytest.mark.parametrize("response", NO_LETTER)
def test_several_none_or_contradictory_options_are_no_answer(response: str) -> None:
    assert chosen_option(response, CITIES) is None


@pytest.mark.parametrize(
    ("response", "options", "label"),
    [
        ("Yes.", YES_NO, "Yes"),
        ("no", YES_NO, "No"),
        ("No, there is no doubt that yes is wrong.", YES_NO, "No"),
        ("**Yes**, they share a border.", YES_NO, "Yes"),
        ("The answer is no.", YES_NO, "No"),
        ("They are far apart. Therefore, no.", YES_NO, "No"),
        ("Yes or no", YES_NO, None),
        ("There is no border.", YES_NO, None),
        ("True", TRUE_FALSE, "True"),
        ("The statement is false.", TRUE_FALSE, "False"),
        ("It is not true.", TRUE_FALSE, None),
        (
            "```python\ndef f():\n    x = 1\n    return True\n```\nThe function returns False otherwise.",
            TRUE_FALSE,
            None,
        ),
        ("```\nTrue\n```", TRUE_FALSE, "True"),
        ("Papua New Guinea", NAMES, "Papua New Guinea"),
        ("Nigeria has more people than Niger.", NAMES, "Nigeria"),
        ("It is Niger, not Nigeria.", NAMES, "Niger"),
        ("Among Niger, Nigeria and Guinea, the largest is Niger.", NAMES, "Niger"),
        ("Niger, Nigeria", NAMES, None),
        ("The answer is Niger or Nigeria.", NAMES, None),
        ("The code 66, 234 or 82 is 234.", {"66": "66", "234": "234", "82": "82"}, "234"),
        ("5", {"5": "5", "6": "6"}, "5"),
    ],
)
def test_options_that_are_words(response: str, options: dict[str, str], label: str | None) -> None:
    assert chosen_option(response, options) == label


def test_only_the_answer_is_right() -> None:
    assert is_right("B", "B", CITIES) == (True, "read B")
    assert is_right("C", "B", CITIES) == (False, "read C")
    assert is_right("A or B", "B", CITIES) == (False, "no single option found")
