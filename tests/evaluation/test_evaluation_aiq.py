import numpy as np
import pytest
from evaluation_cases import make_outcomes, outcomes_and_scores
from hypothesis import given

from pointsman.evaluation.aiq import aiq, non_decreasing_hull
from pointsman.evaluation.curves import trace_curve


def test_a_hull_by_hand():
    cost, quality = non_decreasing_hull(np.array([0.0, 1, 2, 3, 4]), np.array([0.0, 0.1, 0.8, 0.6, 0.7]))
    assert cost.tolist() == [0, 2]
    assert quality.tolist() == [0, 0.8]


def test_of_equal_costs_the_better_quality_counts():
    cost, quality = non_decreasing_hull(np.array([1.0, 1, 2]), np.array([0.2, 0.5, 0.9]))
    assert cost.tolist() == [1, 2]
    assert quality.tolist() == [0.5, 0.9]


def test_aiq_by_hand(five_gains):
    # quality rises evenly from 0 to 1 over the costs: the mean height is a half
    assert aiq(trace_curve([0.5, 0.4, 0.3, 0.2, 0.1], five_gains), five_gains) == pytest.approx(0.5)


def test_a_good_order_lies_above_the_straight_line():
    # half of the queries gain 1: all gained at half the cost, then flat: ½ · ½ + ½ · 1
    outcomes = make_outcomes([0, 0, 1, 1], [1, 1, 1, 1])
    assert aiq(trace_curve([0.9, 0.8, 0.2, 0.1], outcomes), outcomes) == pytest.approx(0.5 * 0.75 + 0.5 * 1.0)
    assert aiq(trace_curve([0.1, 0.2, 0.8, 0.9], outcomes), outcomes) == pytest.approx(0.75)


def test_a_router_that_costs_too_much_is_left_for_a_mix_of_both_models():
    outcomes = make_outcomes([0, 0, 1, 1], [1, 1, 1, 1])
    dear = trace_curve([0.9, 0.8, 0.2, 0.1], outcomes, router_cost=[100.0] * 4)
    assert aiq(dear, outcomes) == pytest.approx(0.75)


@pytest.mark.parametrize("strong_cost", [0.5, 1.0])
def test_aiq_is_undefined_where_strong_does_not_cost_more(strong_cost):
    outcomes = make_outcomes([0, 0], [1, 1], weak_cost=1.0, strong_cost=strong_cost)
    assert aiq(trace_curve([0.2, 0.1], outcomes), outcomes) is None


@given(outcomes_and_scores(positive_gap=False))
def test_a_hull_is_above_every_point_concave_and_never_falls(case):
    outcomes, score = case
    curve = trace_curve(score, outcomes)
    cost, quality = non_decreasing_hull(curve.cost, curve.quality)
    assert (np.interp(curve.cost, cost, quality) >= curve.quality - 1e-9).all()
    assert (np.diff(quality) > 0).all()
    slopes = np.diff(quality) / np.diff(cost)
    assert (np.diff(slopes) <= 1e-6 * np.abs(slopes[1:])).all()


@given(outcomes_and_scores(positive_gap=False))
def test_aiq_lies_between_weak_and_the_best_reachable_quality(case):
    outcomes, score = case
    value = aiq(trace_curve(score, outcomes), outcomes)
    if value is None:
        assert outcomes.strong_cost.mean() <= outcomes.weak_cost.mean()
    else:
        best = np.maximum(outcomes.weak_score, outcomes.strong_score).mean()
        assert outcomes.weak_score.mean() - 1e-9 <= value <= best + 1e-9
