import numpy as np
import pandas as pd
import pytest
from evaluation_cases import make_outcomes, outcomes_and_scores
from hypothesis import given
from hypothesis import strategies as st

from pointsman.evaluation.apgr import apgr, apgr_routellm, cpt, cpt_routellm, pgr
from pointsman.evaluation.curves import trace_curve

shares = st.floats(0.0, 1.0)


def apgr_of(score, outcomes):
    return apgr(trace_curve(score, outcomes))


def test_apgr_by_hand(four):
    # PGR is 0, 1, 1, 2, 1 at strong shares 0, ¼, ½, ¾, 1: trapezoids ⅛ + ¼ + ⅜ + ⅜
    curve = trace_curve([0.9, 0.6, 0.3, 0.1], four)
    assert pgr(curve).tolist() == [0, 1, 1, 2, 1]
    assert apgr(curve) == pytest.approx(1.125)


def test_cpt_is_the_first_crossing_even_where_the_curve_falls_back():
    # gains 1, −1, 1, 1: PGR 0, ½, 0, ½, 1
    curve = trace_curve([0.9, 0.8, 0.7, 0.6], make_outcomes([0, 1, 0, 0], [1, 0, 1, 1]))
    assert cpt(curve, 0.5) == pytest.approx(0.25)
    assert cpt(curve, 0.25) == pytest.approx(0.125)
    assert cpt(curve, 0.95) == pytest.approx(0.75 + 0.25 * 0.45 / 0.5)
    assert cpt(curve, 0.0) == 0.0
    assert cpt(curve, 1.0) == pytest.approx(1.0)


def test_more_than_the_whole_gap_is_undefined_where_it_is_never_recovered(five_gains):
    curve = trace_curve([0.5, 0.4, 0.3, 0.2, 0.1], five_gains)
    assert cpt(curve, 1.2) is None


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_a_constant_score_is_a_straight_line(four, score):
    curve = trace_curve([score] * 4, four)
    assert apgr(curve) == pytest.approx(0.5)
    assert cpt(curve, 0.8) == pytest.approx(0.8)
    assert apgr_routellm([score] * 4, four) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("weak", "strong"), [([1, 1, 0], [0, 1, 0]), ([1, 0], [0, 1]), ([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]), ([1], [0])]
)
def test_all_is_undefined_where_strong_is_not_better_than_weak(weak, strong):
    outcomes = make_outcomes(weak, strong)
    score = np.linspace(0.1, 0.9, outcomes.n)
    curve = trace_curve(score, outcomes)
    assert pgr(curve) is None
    assert apgr(curve) is None
    assert cpt(curve, 0.5) is None
    assert apgr_routellm(score, outcomes) is None
    assert cpt_routellm(score, outcomes, 0.5) is None


def test_one_query_and_two():
    assert apgr_of([0.3], make_outcomes([0], [1])) == pytest.approx(0.5)
    assert apgr_of([0.9, 0.1], make_outcomes([0, 1], [1, 1])) == pytest.approx(0.75)
    assert apgr_of([0.1, 0.9], make_outcomes([0, 1], [1, 1])) == pytest.approx(0.25)


def test_random_scores_have_a_half_on_average():
    generator = np.random.default_rng(3)
    outcomes = make_outcomes(generator.integers(0, 2, 400) * 0.5, generator.integers(1, 3, 400) * 0.5)
    values = [apgr_of(generator.random(400), outcomes) for _ in range(300)]
    assert np.mean(values) == pytest.approx(0.5, abs=4 * np.std(values) / np.sqrt(300))


def test_eleven_points_agree_with_routellms_loop_over_deciles():
    generator = np.random.default_rng(5)
    score = generator.random(137)
    outcomes = make_outcomes(generator.random(137) < 0.5, generator.random(137) < 0.5 + 0.4 * score)
    _, thresholds = pd.qcut(score, 10, retbins=True)
    masks = [score >= threshold for threshold in thresholds[:-1]] + [score > thresholds[-1]]
    points = sorted((m.mean(), np.where(m, outcomes.strong_score, outcomes.weak_score).mean()) for m in masks)
    share, quality = np.array(points).T
    weak, strong = outcomes.weak_score.mean(), outcomes.strong_score.mean()
    assert apgr_routellm(score, outcomes) == pytest.approx((np.trapezoid(quality, share) - weak) / (strong - weak))
    wanted = weak + 0.8 * (strong - weak)
    assert cpt_routellm(score, outcomes, 0.8) == pytest.approx(np.interp(wanted, quality, share))


def test_eleven_points_come_near_the_whole_curve_on_many_queries():
    generator = np.random.default_rng(6)
    score = generator.random(3000)
    outcomes = make_outcomes(generator.random(3000) < 0.4, generator.random(3000) < 0.4 + 0.5 * score)
    assert apgr_routellm(score, outcomes) == pytest.approx(apgr_of(score, outcomes), abs=0.01)
    assert cpt_routellm(score, outcomes, 0.5) == pytest.approx(cpt(trace_curve(score, outcomes), 0.5), abs=0.03)


def test_eleven_points_are_defined_for_two_valued_scores(four):
    assert apgr_routellm([1, 0, 1, 0], four) == pytest.approx(apgr_of([1, 0, 1, 0], four))


@given(outcomes_and_scores())
def test_no_router_beats_the_oracle_anywhere(case):
    outcomes, score = case
    oracle, router = trace_curve(outcomes.gain, outcomes), trace_curve(score, outcomes)
    best = np.interp(router.strong_share, oracle.strong_share, oracle.quality)
    assert (best >= router.quality - 1e-9).all()
    assert apgr(oracle) >= apgr(router) - 1e-9


@given(outcomes_and_scores(), shares)
def test_only_the_order_of_the_scores_matters(case, share):
    outcomes, score = case
    for transformed in (np.exp(3 * score), score**3 - 7, np.log1p(score) * 1e6):
        curve, expected = trace_curve(transformed, outcomes), trace_curve(score, outcomes)
        assert apgr(curve) == pytest.approx(apgr(expected))
        assert cpt(curve, share) == pytest.approx(cpt(expected, share))


@given(outcomes_and_scores(distinct=True))
def test_the_reversed_order_has_the_complement(case):
    outcomes, score = case
    assert apgr_of(-score, outcomes) == pytest.approx(1 - apgr_of(score, outcomes))


@given(outcomes_and_scores(), shares, shares)
def test_more_quality_never_needs_fewer_strong_calls(case, first, second):
    outcomes, score = case
    curve = trace_curve(score, outcomes)
    low, high = sorted((first, second))
    assert 0.0 <= cpt(curve, low) <= cpt(curve, high) + 1e-12 <= 1.0 + 2e-12


@given(outcomes_and_scores(), st.randoms(use_true_random=False))
def test_rows_with_equal_scores_may_be_in_any_order(case, random):
    outcomes, score = case
    coarse = np.round(score)
    rows = np.array(random.sample(range(outcomes.n), outcomes.n))
    assert apgr_of(coarse[rows], outcomes.take(rows)) == pytest.approx(apgr_of(coarse, outcomes))
    assert apgr_routellm(coarse[rows], outcomes.take(rows)) == pytest.approx(apgr_routellm(coarse, outcomes))
