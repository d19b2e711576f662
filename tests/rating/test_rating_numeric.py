import pytest

from pointsman.rating.checks.numeric import final_number, is_right

READ = [
    ("42", 42),
    ("  42.", 42),
    ("The answer is 42.", 42),
    ("Answer: 1,234", 1234),
    ("Answer: 1,234,567.5", 1234567.5),
    ("**Answer:** 7", 7),
    ("The final answer is: $\\boxed{42}$", 42),
    ("\\[ \\boxed{-3.5} \\]", -3.5),
    ("\\boxed{1{,}234}", 1234),
    ("\\boxed{\\text{12 apples}}", 12),
    ("\\boxed{\\frac{3}{4}}", 0.75),
    ("Therefore \\( x = \\dfrac{1}{2} \\).", 0.5),
    ("The angle is \\(32^\\circ\\).", 32),
    ("#### 18", 18),
    ("Bob has 2 * 2 = 4 apples.\n#### 4", 4),
    ("So we get 12 + 30 = 42.", 42),
    ("First 12 + 30 = 42. Then 42 - 2 = 40.", 40),
    ("There are 14 chickens with 2 legs each, so 14 × 2 = 28 legs.", 28),
    ("There are 28 legs in total for 14 chickens.", 28),
    ("26 - 49 + 64 equals 41.", 41),
    ("82 - 91 = -9", -9),
    ("82-91=-9", -9),
    ("The result is −9.", -9),
    ("The answer is minus 9.", -9),
    ("It costs $1,200 in total", 1200),
    ("The total is -$5", -5),
    ("The answer is 3/4", 0.75),
    ("About 5 km", 5),
    ("5km", 5),
    ("1\u202f234\u202f567", 1234567),
    ("1\\,234", 1234),
    ("x = 5", 5),
    ("The value i = 5 satisfies 9*i + 1 = 46.", 5),
    ("So the 3rd one.", 3),
    ("forty-two", 42),
    ("The answer is seven.", 7),
    ("It is in the third row.", 3),
    ("3.2e+02", 320),
    ("<think>Is it 9? No, 11.</think>\nThe answer is 12.", 12),
    ("Let me compute.\n```python\nprint(6 * 7 + 1)\n```\nThe answer is 42.", 42),
    ("The GCD of 18 and 12 is 6.", 6),
    ("The letter e appears 3 times in the text of 11 words.", 3),
    ("The HTTP status code of Gateway Timeout is 504 and is a server error.", 504),
    ("The answer is 5, not 6.", 5),
    ("The answer is 50 %", 50),
]
NOT_READ = [
    "",
    "I cannot say.",
    "It is 4 or 5.",
    "The answer is 4 or 5.",
    "The code is 0x2d.",
    "H2O and K8",
    "The number 0 is not a valid input.",
    "Linda has 2 brothers and 1 sister.",
]


@pytest.mark.parametrize(("response", "number"), READ)
def test_the_final_number_is_read(response: str, number: float) -> None:
    found = final_number(response)
    assert found is not None
    assert found.value == pytest.approx(number)


@pytest.mark.parametrize("response", NOT_READ)
def test_no_number_is_read_where_none_is_given_or_several_are_offered(response: str) -> None:
    assert final_number(response) is None


@pytest.mark.parametrize(
    ("response", "answer", "tolerance", "right"),
    [
        ("0.3333", 1 / 3, 0.001, True),
        ("0.33", 1 / 3, 0.001, False),
        ("42.0", 42, 0, True),
        ("42.1", 42, 0, False),
        ("0.1", 0.1, 0, True),
        ("37.5%", 0.375, 0.005, True),
        ("0.375%", 0.375, 0.005, False),
        ("25%", 25, 0, True),
        ("100%", 1, 0, True),
    ],
)
def test_tolerance_is_absolute_and_a_percentage_is_a_share_where_the_answer_is_one(
    response: str, answer: float, tolerance: float, right: bool
) -> None:
    assert is_right(response, answer, tolerance)[0] is right
