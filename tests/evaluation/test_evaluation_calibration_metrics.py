import numpy as np
import pytest

from pointsman.evaluation.calibration_metrics import auroc, brier, ece, reliability
from pointsman.evaluation.outcomes import EvaluationError

TWO = np.array([True, False])


def test_brier_by_hand():
    assert brier([0.8, 0.3], TWO) == pytest.approx((0.04 + 0.09) / 2)
    assert brier([1.0, 0.0], TWO) == 0.0
    assert brier([0.0, 1.0], TWO) == 1.0


def test_ece_by_hand():
    # ten bins of one query each: |0.05 − 0|, |0.15 − 0| … |0.95 − 1|
    score = np.arange(10) / 10 + 0.05
    events = score > 0.5
    assert ece(score, events) == pytest.approx(np.abs(score - events).mean())


def test_bins_hold_equal_numbers_of_queries():
    points = reliability(np.linspace(0, 1, 200) ** 4, np.arange(200) % 2 == 0)
    assert points.queries.tolist() == [20] * 10
    assert (np.diff(points.predicted) > 0).all()
    assert points.observed.tolist() == [0.5] * 10


def test_equal_scores_share_a_bin_in_whatever_order_they_come():
    score = np.array([0.2] * 30 + [0.7] * 20)
    events = np.arange(50) % 5 == 0
    points = reliability(score, events)
    assert points.queries.tolist() == [30, 20]
    assert points.predicted == pytest.approx([0.2, 0.7])
    assert points.observed == pytest.approx([0.2, 0.2])
    rows = np.random.default_rng(0).permutation(50)
    assert ece(score[rows], events[rows]) == pytest.approx(ece(score, events)) == pytest.approx(0.2)


def test_a_constant_score_is_as_far_off_as_its_distance_from_the_share():
    events = np.array([True] * 3 + [False] * 7)
    assert ece([0.5] * 10, events) == pytest.approx(0.2)
    assert ece([0.3] * 10, events) == pytest.approx(0.0)


def test_true_probabilities_have_a_small_ece():
    generator = np.random.default_rng(1)
    score = generator.random(20_000)
    events = generator.random(20_000) < score
    assert ece(score, events) < 0.02
    assert ece(score**3, events) > 0.15


def test_auroc_counts_ties_as_halves():
    events = np.array([True, True, False, False])
    assert auroc([0.9, 0.8, 0.2, 0.1], events) == 1.0
    assert auroc([0.9, 0.2, 0.2, 0.1], events) == pytest.approx(3.5 / 4)
    assert auroc([0.5] * 4, events) == 0.5


@pytest.mark.parametrize("events", [np.zeros(3, dtype=bool), np.ones(3, dtype=bool), np.array([True])])
def test_auroc_of_one_class_is_undefined_and_the_others_are_not(events):
    score = np.full(len(events), 0.25)
    assert auroc(score, events) is None
    assert brier(score, events) == pytest.approx((0.25 - events[0]) ** 2)
    assert ece(score, events) == pytest.approx(abs(0.25 - events[0]))


@pytest.mark.parametrize("measure", [brier, ece, auroc])
def test_nan_is_named(measure):
    with pytest.raises(EvaluationError, match=r"score\[1\] is nan"):
        measure([0.5, np.nan], TWO)


@pytest.mark.parametrize("measure", [brier, ece])
def test_what_is_no_probability_is_refused(measure):
    with pytest.raises(EvaluationError, match=r"score\[0\] is 1.2, expected 1 or less"):
        measure([1.2, 0.5], TWO)
