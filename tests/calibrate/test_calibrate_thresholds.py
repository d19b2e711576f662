import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pointsman.calibrate.thresholds import (
    describe,
    for_budget,
    for_quality,
    for_strong_share,
    kept_on_other_queries,
)
from pointsman.evaluation.outcomes import EvaluationError, Outcomes

SCORES = hnp.arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]))


def made_up(n=600, seed=0):
    generator = np.random.default_rng(seed)
    need = generator.random(n)
    weak = (generator.random(n) > need).astype(float)
    strong = np.maximum(weak, (generator.random(n) < 0.8).astype(float))
    score = np.clip(need + generator.normal(0, 0.2, n), 0, 1)
    return score, Outcomes(weak, strong, np.full(n, 1.0), np.full(n, 5.0))


@given(SCORES, st.floats(0, 1))
def test_no_more_than_the_share_goes_to_strong_and_the_next_tie_would_exceed_it(score, share):
    threshold = for_strong_share(score, share)
    sent = (score > threshold).mean()
    assert sent <= share + 1e-9
    lower = score[score <= threshold]
    if len(lower):
        assert (score >= lower.max()).mean() > share - 1e-9


def test_the_ends_of_the_share():
    score = np.array([0.0, 0.5, 1.0])
    assert (score > for_strong_share(score, 0.0)).sum() == 0
    assert (score > for_strong_share(score, 1.0)).sum() == 3
    assert (score > for_strong_share(score, 0.34)).sum() == 1


def test_a_quality_is_kept_on_the_queries_themselves_and_told_from_others():
    score, outcomes = made_up()
    threshold = for_quality(score, outcomes, 0.95)
    on_itself = describe(threshold, score, (outcomes.weak_cost, outcomes.strong_cost), outcomes, seed=1)
    assert on_itself.quality_kept.value >= 0.95
    assert on_itself.strong_share.value < 1.0
    fair = kept_on_other_queries(score, outcomes, 0.95, seed=1)
    assert fair.ci[0] < fair.value < fair.ci[1]
    assert fair.value == pytest.approx(0.95, abs=0.04)


def test_the_fair_estimate_flatters_less_where_the_score_is_noise():
    generator = np.random.default_rng(5)
    flattered, fair = [], []
    for seed in range(30):
        _, outcomes = made_up(60, seed)
        score = generator.random(60)
        flattered.append(describe(for_quality(score, outcomes, 0.9), score, None, outcomes, seed=1).quality_kept.value)
        fair.append(kept_on_other_queries(score, outcomes, 0.9, seed=1).value)
    assert np.mean(fair) < np.mean(flattered)


def test_a_budget_buys_as_many_strong_calls_as_it_can():
    score = np.linspace(0, 1, 101)
    weak, strong = np.full(101, 1.0), np.full(101, 11.0)
    threshold = for_budget(score, weak, strong, 3.0)
    cost = np.where(score > threshold, strong, weak).mean()
    assert cost <= 3.0 < cost + 10.0 / 101 + 1e-9
    assert (score > for_budget(score, weak, strong, 99.0)).all()


def test_a_budget_below_the_weak_model_is_refused():
    with pytest.raises(EvaluationError, match=r"the budget is 0\.5 a query, the cheapest routing costs 1"):
        for_budget(np.array([0.1, 0.9]), np.ones(2), np.full(2, 2.0), 0.5)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_a_share(share):
    with pytest.raises(EvaluationError, match="expected a number from 0 to 1"):
        for_strong_share(np.array([0.5]), share)


def test_without_labels_and_costs_those_are_undefined():
    found = describe(0.5, np.array([0.2, 0.8]), None, None, seed=1)
    assert found.strong_share.value == 0.5
    assert (found.quality_kept.value, found.cost_per_query.value) == (None, None)
