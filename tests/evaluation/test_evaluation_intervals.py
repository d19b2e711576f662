import numpy as np
import pytest
from evaluation_cases import make_outcomes, outcomes_and_scores
from hypothesis import given, settings

from pointsman.evaluation.apgr import apgr
from pointsman.evaluation.curves import trace_curve
from pointsman.evaluation.intervals import (
    interval,
    mean_estimate,
    ratio_estimate,
    resample_weights,
    resampled_apgr,
    resampled_mean,
)
from pointsman.evaluation.outcomes import EvaluationError


def test_each_resample_draws_n_queries():
    weights = resample_weights(50, 200, seed=1)
    assert weights.shape == (200, 50)
    assert (weights.sum(axis=1) == 50).all()
    assert weights.mean() == 1.0
    assert weights.var() == pytest.approx(1 - 1 / 50, abs=0.05)


def test_resamples_repeat_with_their_seed_and_differ_with_another():
    first = resample_weights(30, 20, seed=4)
    assert (first == resample_weights(30, 20, seed=4)).all()
    assert (first != resample_weights(30, 20, seed=5)).any()


def test_fewer_resamples_are_the_first_of_more():
    assert (resample_weights(30, 5, seed=4) == resample_weights(30, 20, seed=4)[:5]).all()


@pytest.mark.parametrize(("n", "resamples"), [(0, 10), (10, 0)])
def test_nothing_to_resample_is_an_error(n, resamples):
    with pytest.raises(EvaluationError, match=f"bootstrap of {n} queries and {resamples} resamples"):
        resample_weights(n, resamples, seed=0)


def drawn_rows(weights):
    return np.repeat(np.arange(len(weights)), weights)


@settings(max_examples=40)
@given(outcomes_and_scores(positive_gap=False))
def test_a_weighted_apgr_is_the_apgr_of_the_drawn_queries(case):
    outcomes, score = case
    weights = resample_weights(outcomes.n, 5, seed=0)
    for row, value in zip(weights, resampled_apgr(score, outcomes.gain, weights), strict=True):
        # a query drawn twice is a tie, so a score shared by other queries or not makes no difference
        rows = drawn_rows(row)
        expected = apgr(trace_curve(score[rows], outcomes.take(rows)))
        assert np.isnan(value) if expected is None else value == pytest.approx(expected)


def test_a_weighted_mean_is_the_mean_of_the_drawn_queries():
    weights, values = resample_weights(12, 6, seed=2), np.arange(12.0)
    expected = [values[drawn_rows(row)].mean() for row in weights]
    assert resampled_mean(values, weights) == pytest.approx(expected)


def test_many_queries_are_computed_in_parts_with_the_same_result(monkeypatch):
    generator = np.random.default_rng(0)
    score, gain = np.round(generator.random(60), 1), generator.integers(-1, 3, 60) / 2
    weights = resample_weights(60, 50, seed=0)
    whole = resampled_apgr(score, gain, weights)
    monkeypatch.setattr("pointsman.evaluation.intervals._VALUES_AT_ONCE", 180)
    assert resampled_apgr(score, gain, weights) == pytest.approx(whole, nan_ok=True)


def test_an_interval_holds_the_middle_of_the_resamples():
    assert interval(np.arange(1001.0), 0.95) == pytest.approx([25, 975])
    assert interval(np.arange(1001.0), 0.5) == pytest.approx([250, 750])


def test_an_interval_is_undefined_where_too_many_resamples_are():
    values = np.arange(100.0)
    values[:5] = np.nan
    assert interval(values, 0.95) == pytest.approx(np.quantile(np.arange(5, 100), [0.025, 0.975]))
    values[5] = np.nan
    assert interval(values, 0.95) is None
    assert interval(np.full(10, np.nan), 0.95) is None


def test_an_estimate_of_a_constant_has_no_width():
    assert mean_estimate([0.5] * 8, resample_weights(8, 50, seed=0)) == (0.5, [0.5, 0.5])


def test_a_ratio_pairs_numerator_and_denominator():
    below = np.arange(1.0, 9.0)
    found = ratio_estimate(0.5 * below, below, resample_weights(8, 50, seed=0))
    assert found.value == pytest.approx(0.5)
    assert found.ci == pytest.approx([0.5, 0.5])


def test_a_ratio_to_nothing_is_undefined():
    assert ratio_estimate([1.0, 1.0], [0.0, 0.0], resample_weights(2, 20, seed=0)) == (None, None)


def test_a_ratio_whose_denominator_often_vanishes_has_no_interval():
    found = ratio_estimate([1.0, 1.0], [0.0, 1.0], resample_weights(2, 200, seed=0))
    assert found.value == pytest.approx(2.0)
    assert found.ci is None


def test_nan_is_named():
    with pytest.raises(EvaluationError, match=r"score\[1\] is nan"):
        resampled_apgr([0.1, np.nan], [1.0, 0.0], resample_weights(2, 5, seed=0))


def test_paired_differences_are_narrower_than_two_separate_intervals():
    generator = np.random.default_rng(2)
    score = generator.random(500)
    outcomes = make_outcomes(generator.random(500) < 0.4, generator.random(500) < 0.4 + 0.5 * score)
    other = score + generator.normal(0, 0.05, 500)
    weights = resample_weights(500, 400, seed=0)
    first, second = (resampled_apgr(values, outcomes.gain, weights) for values in (score, other))
    assert (first - second).std() < 0.5 * first.std()


def test_95_percent_intervals_cover_the_true_apgr_95_times_in_100():
    # weak is right with probability 0.3 and strong with 0.5 + 0.4 s, so gain at score s is 0.2 + 0.4 s on average:
    # PGR when strong is called above s is (0.4 − 0.2 s − 0.2 s²) / 0.4, its mean over s = (0.4 − 0.1 − 0.0667) / 0.4
    true_apgr = (0.4 - 0.2 / 2 - 0.2 / 3) / 0.4
    generator = np.random.default_rng(7)
    weights = resample_weights(250, 500, seed=0)
    covered = 0
    for _ in range(400):
        score = generator.random(250)
        gain = (generator.random(250) < 0.5 + 0.4 * score) - (generator.random(250) < 0.3).astype(float)
        low, high = interval(resampled_apgr(score, gain, weights), 0.95)
        covered += low <= true_apgr <= high
    assert 0.93 <= covered / 400 <= 0.97
