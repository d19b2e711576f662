import numpy as np
import pytest

from pointsman.errors import PointsmanError
from pointsman.evaluation.outcomes import EvaluationError, Outcomes, checked


def test_gain_is_strong_less_weak_and_the_event_is_a_gain_above_zero():
    outcomes = Outcomes([0.5, 0.25, 1], [0.5, 1.0, 0.75], [0, 0, 0], [1, 1, 1])
    assert outcomes.gain.tolist() == [0.0, 0.75, -0.25]
    assert outcomes.needs_strong.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (([0, np.nan], [1, 1], [0, 0], [1, 1]), r"weak_score\[1\] is nan, expected a finite number"),
        (([0, 0], [1, 1.5], [0, 0], [1, 1]), r"strong_score\[1\] is 1.5, expected 1 or less"),
        (([0, 0], [-1, 1], [0, 0], [1, 1]), r"strong_score\[0\] is -1.0, expected 0 or more"),
        (([0, 0], [1, 1], [0, -2], [1, 1]), r"weak_cost\[1\] is -2.0, expected 0 or more"),
        (([0, 0], [1, 1], [0, 0], [1, np.inf]), r"strong_cost\[1\] is inf, expected a finite number"),
        (([0, 0], [1], [0, 0], [1, 1]), r"strong_score has shape \(1,\), expected 2 values"),
        (([], [], [], []), r"weak_score has shape \(0,\), expected at least one value"),
    ],
)
def test_numbers_that_cannot_be_evaluated_are_named_with_their_first_index(arrays, message):
    with pytest.raises(EvaluationError, match=message):
        Outcomes(*arrays)


def test_an_error_says_how_to_go_on():
    with pytest.raises(PointsmanError, match="dvc repro"):
        checked([0.1, float("nan")], "score")


def test_a_table_is_not_an_array_of_scores():
    with pytest.raises(EvaluationError, match=r"score has shape \(1, 2\), expected 2 values"):
        checked([[0.1, 0.2]], "score", n=2)


def test_take_keeps_all_four_arrays_aligned():
    outcomes = Outcomes([0, 1, 0], [1, 1, 0], [1, 2, 3], [4, 5, 6])
    taken = outcomes.take(np.array([True, False, True]))
    assert taken.n == 2
    assert taken.weak_cost.tolist() == [1, 3]
    assert taken.strong_cost.tolist() == [4, 6]
    assert taken.gain.tolist() == [1, 0]
