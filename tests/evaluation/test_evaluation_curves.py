import numpy as np
import pytest
from evaluation_cases import make_outcomes, outcomes_and_scores
from hypothesis import given
from hypothesis import strategies as st

from pointsman.evaluation.curves import ALWAYS_STRONG, ALWAYS_WEAK, route, trace_curve
from pointsman.evaluation.outcomes import EvaluationError


def test_a_curve_by_hand(four):
    curve = trace_curve([0.9, 0.6, 0.3, 0.1], four)
    assert curve.threshold.tolist() == pytest.approx([ALWAYS_WEAK, 0.75, 0.45, 0.2, ALWAYS_STRONG])
    assert curve.strong_share.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curve.quality.tolist() == [0.5, 0.75, 0.75, 1.0, 0.75]
    assert curve.cost.tolist() == [1, 3.25, 5.5, 7.75, 10]


def test_equal_scores_move_together(four):
    curve = trace_curve([0.5, 0.5, 0.5, 0.2], four)
    assert curve.strong_share.tolist() == [0, 0.75, 1]
    assert curve.quality.tolist() == [0.5, 1.0, 0.75]


def test_a_constant_score_leaves_the_two_ends_alone(four):
    curve = trace_curve([0.4] * 4, four)
    assert curve.strong_share.tolist() == [0, 1]
    assert curve.threshold.tolist() == [ALWAYS_WEAK, ALWAYS_STRONG]


def test_the_routers_own_cost_is_paid_at_every_point(four):
    without = trace_curve([0.9, 0.6, 0.3, 0.1], four)
    with_cost = trace_curve([0.9, 0.6, 0.3, 0.1], four, router_cost=[1, 2, 3, 4])
    assert with_cost.cost - without.cost == pytest.approx([2.5] * 5)


@pytest.mark.parametrize("low", [0.5, np.nextafter(0.5, 1.0)])
def test_scores_with_no_number_between_them_are_still_parted(low):
    high = np.nextafter(low, 1.0)
    outcomes = make_outcomes([0, 0], [1, 1])
    curve = trace_curve([high, low], outcomes)
    assert route([high, low], curve.threshold[1], outcomes).strong.tolist() == [True, False]


def test_the_last_digits_of_scores_and_thresholds_move_no_query(four):
    curve = trace_curve([2 / 3, 1 / 3, 1 / 3, 0.1], four)
    for threshold, share in zip(curve.threshold, curve.strong_share, strict=True):
        rounded = float(f"{threshold:.6g}")
        assert route([0.6666667, 0.3333333, 0.3333334, 0.1], rounded, four).strong.mean() == share


def test_one_query_has_two_points():
    curve = trace_curve([0.7], make_outcomes([0], [1]))
    assert curve.quality.tolist() == [0, 1]
    assert curve.cost.tolist() == [1, 10]


def test_strong_is_called_above_the_threshold_and_not_at_it(four):
    routed = route([0.9, 0.6, 0.3, 0.1], 0.6, four, router_cost=[0.5] * 4)
    assert routed.strong.tolist() == [True, False, False, False]
    assert routed.score.tolist() == [1, 1, 0, 1]
    assert routed.cost.tolist() == [10.5, 1.5, 1.5, 1.5]


def test_the_fixed_thresholds_route_every_probability_one_way(four):
    ends = [0.0, 1.0, 0.5, 0.0]
    assert not route(ends, ALWAYS_WEAK, four).strong.any()
    assert route(ends, ALWAYS_STRONG, four).strong.all()


def test_a_nan_score_is_named(four):
    with pytest.raises(EvaluationError, match=r"score\[2\] is nan"):
        trace_curve([0.1, 0.2, np.nan, 0.3], four)


def test_scores_of_another_length_are_refused(four):
    with pytest.raises(EvaluationError, match=r"score has shape \(3,\), expected 4 values"):
        route([0.1, 0.2, 0.3], 0.5, four)


def test_a_negative_router_cost_is_named(four):
    with pytest.raises(EvaluationError, match=r"router_cost\[1\] is -1.0, expected 0 or more"):
        trace_curve([0.1, 0.2, 0.3, 0.4], four, router_cost=[0, -1, 0, 0])


@given(outcomes_and_scores(positive_gap=False))
def test_a_curve_goes_from_always_weak_to_always_strong(case):
    outcomes, score = case
    curve = trace_curve(score, outcomes)
    assert curve.strong_share[0] == 0.0
    assert curve.strong_share[-1] == 1.0
    assert (np.diff(curve.strong_share) > 0).all()
    assert (np.diff(curve.threshold) < 0).all()
    assert (curve.cost > -1e-12).all()
    assert curve.quality[[0, -1]] == pytest.approx([outcomes.weak_score.mean(), outcomes.strong_score.mean()])
    assert curve.cost[[0, -1]] == pytest.approx([outcomes.weak_cost.mean(), outcomes.strong_cost.mean()])


@given(outcomes_and_scores(positive_gap=False))
def test_each_point_is_what_routing_at_its_threshold_gives(case):
    outcomes, score = case
    curve = trace_curve(score, outcomes)
    for threshold, share, quality, cost in zip(*curve, strict=True):
        routed = route(score, threshold, outcomes)
        assert routed.strong.mean() == pytest.approx(share)
        assert routed.score.mean() == pytest.approx(quality)
        assert routed.cost.mean() == pytest.approx(cost)


@given(outcomes_and_scores(positive_gap=False), st.randoms(use_true_random=False))
def test_the_order_of_queries_does_not_matter(case, random):
    outcomes, score = case
    rows = np.array(random.sample(range(outcomes.n), outcomes.n))
    shuffled = trace_curve(score[rows], outcomes.take(rows))
    for values, expected in zip(shuffled, trace_curve(score, outcomes), strict=True):
        assert values == pytest.approx(expected)


@given(outcomes_and_scores(positive_gap=False))
def test_scores_need_not_be_probabilities(case):
    outcomes, score = case
    stretched = trace_curve(200 * score - 100, outcomes)
    assert stretched.quality == pytest.approx(trace_curve(score, outcomes).quality)
    assert not route(200 * score - 100, stretched.threshold[0], outcomes).strong.any()
    assert route(200 * score - 100, stretched.threshold[-1], outcomes).strong.all()
