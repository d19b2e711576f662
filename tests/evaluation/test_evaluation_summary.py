import json

import numpy as np
import pytest
from evaluation_cases import make_outcomes, outcomes_and_scores
from hypothesis import given, settings

from pointsman.evaluation.curves import ALWAYS_STRONG, ALWAYS_WEAK
from pointsman.evaluation.intervals import resample_weights
from pointsman.evaluation.outcomes import EvaluationError
from pointsman.evaluation.select import Scores
from pointsman.evaluation.summary import (
    compare_apgr,
    evaluate_router,
    is_better,
    judge_winner,
    warn_of_outcomes,
    warn_of_router,
)

KEYS = {
    *("apgr", "apgr_ci", "apgr_routellm", "cpt50", "cpt80", "cpt95", "aiq"),
    *("auroc", "brier", "ece", "cost_per_query"),
}


@pytest.fixture
def many():
    """600 queries on which the score of `good` is informative."""
    generator = np.random.default_rng(0)
    good = generator.random(600)
    outcomes = make_outcomes(generator.random(600) < 0.3, generator.random(600) < 0.3 + 0.6 * good)
    return outcomes, good, resample_weights(600, 300, seed=0)


def test_a_router_gets_the_measures_of_the_metrics_file(many):
    outcomes, good, weights = many
    found = evaluate_router(good, outcomes, weights, router_cost=np.full(600, 0.5), threshold=0.5)
    assert set(found) == KEYS
    assert found["apgr_ci"][0] < found["apgr"] < found["apgr_ci"][1]
    assert found["apgr"] > 0.6
    assert found["cpt50"] < found["cpt80"] < found["cpt95"]
    assert found["auroc"] > 0.6
    assert found["cost_per_query"] == pytest.approx(1.5 + 9 * (good > 0.5).mean())
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_oracle_is_the_best_and_chance_is_a_half(many):
    outcomes, good, weights = many
    oracle, chance = (
        evaluate_router(score, outcomes, weights, is_probability=False)
        for score in ((outcomes.gain + 1) / 2, np.random.default_rng(1).random(600))
    )
    assert oracle["apgr"] > evaluate_router(good, outcomes, weights)["apgr"]
    assert oracle["auroc"] == 1.0
    assert chance["apgr_ci"][0] < 0.5 < chance["apgr_ci"][1]


def test_fixed_choices_are_straight_lines_that_cost_what_their_model_costs(many):
    outcomes, _, weights = many
    weak = evaluate_router(np.zeros(600), outcomes, weights, threshold=0.5)
    strong = evaluate_router(np.ones(600), outcomes, weights, threshold=0.5)
    assert weak["apgr"] == strong["apgr"] == pytest.approx(0.5)
    assert weak["apgr_ci"] == pytest.approx([0.5, 0.5])
    assert (weak["cost_per_query"], strong["cost_per_query"]) == (1.0, 10.0)


def test_what_is_undefined_is_none(many):
    outcomes, good, weights = many
    plain = evaluate_router(good, outcomes, weights, is_probability=False)
    assert plain["brier"] is plain["ece"] is plain["cost_per_query"] is None
    worse = make_outcomes([1, 1, 0], [0, 0, 0], weak_cost=1.0, strong_cost=1.0)
    found = evaluate_router([0.1, 0.2, 0.3], worse, resample_weights(3, 20, seed=0))
    undefined = {"apgr", "apgr_ci", "apgr_routellm", "cpt50", "cpt80", "cpt95", "aiq", "auroc", "cost_per_query"}
    assert {key for key, value in found.items() if value is None} == undefined


@pytest.mark.parametrize("n", [1, 2])
def test_the_smallest_splits_are_defined(n):
    found = evaluate_router([0.9, 0.1][:n], make_outcomes([0] * n, [1] * n), resample_weights(n, 50, seed=0))
    assert found["apgr"] == pytest.approx(0.5)
    assert found["auroc"] is None
    assert found["cpt50"] == pytest.approx(0.5)


def test_the_same_seed_gives_the_same_numbers(many):
    outcomes, good, weights = many
    again = evaluate_router(good, outcomes, resample_weights(600, 300, seed=0))
    assert again == evaluate_router(good, outcomes, weights)


def test_scores_that_are_no_probabilities_are_refused(four):
    with pytest.raises(EvaluationError, match=r"score\[3\] is 1.5, expected 1 or less"):
        evaluate_router([0.1, 0.2, 0.3, 1.5], four, resample_weights(4, 5, seed=0))


def test_a_verdict_by_hand():
    outcomes = make_outcomes([0, 0, 1, 1], [1, 1, 1, 1])
    scores = {"bert": Scores(np.array([0.9, 0.4, 0.2, 0.1]), np.full(4, 0.5))}
    found = judge_winner("bert", 0.5, scores, outcomes, resample_weights(4, 200, seed=0))
    assert (found["router"], found["threshold"], found["strong_share"]) == ("bert", 0.5, 0.25)
    assert found["quality_kept"] == pytest.approx(0.75)
    assert found["cost_saved"] == pytest.approx(1 - (10 + 3 * 1 + 4 * 0.5) / 40)
    for name in ("strong_share", "quality_kept", "cost_saved"):
        low, high = found[f"{name}_ci"]
        assert low <= found[name] <= high
    assert found["vs"] == {"length": None, "knn": None}


def test_always_strong_keeps_all_and_saves_nothing(many):
    outcomes, good, weights = many
    found = judge_winner("bert", ALWAYS_STRONG, {"bert": Scores(good, np.zeros(600))}, outcomes, weights)
    assert (found["strong_share"], found["quality_kept"], found["cost_saved"]) == (1.0, 1.0, 0.0)
    assert found["quality_kept_ci"] == pytest.approx([1.0, 1.0])
    weak = judge_winner("bert", ALWAYS_WEAK, {"bert": Scores(good, np.zeros(600))}, outcomes, weights)
    assert weak["cost_saved"] == pytest.approx(0.9)


def test_a_router_that_costs_more_than_it_saves_has_a_negative_saving(many):
    outcomes, good, weights = many
    found = judge_winner("bert", ALWAYS_STRONG, {"bert": Scores(good, np.full(600, 5.0))}, outcomes, weights)
    assert found["cost_saved"] == pytest.approx(-0.5)


def test_the_verdict_compares_with_the_baselines_query_by_query(many):
    outcomes, good, weights = many
    zero = np.zeros(600)
    scores = {
        "bert": Scores(good, zero),
        "length": Scores(np.random.default_rng(3).random(600), zero),
        "knn": Scores(np.clip(good, 0.01, 0.99), zero),
    }
    found = judge_winner("bert", 0.5, scores, outcomes, weights)["vs"]
    assert found["length"]["apgr_diff"] > 0.1
    assert is_better(found["length"])
    assert found["knn"]["apgr_diff"] == pytest.approx(0, abs=0.01)
    assert not is_better(found["knn"])


def test_a_router_is_not_better_than_itself(many):
    outcomes, good, weights = many
    assert compare_apgr(good, good, outcomes, weights) == {"apgr_diff": 0.0, "ci": [0.0, 0.0]}
    assert not is_better(compare_apgr(good, good, outcomes, weights))


def test_an_undefined_comparison_is_no_proof():
    worse = make_outcomes([1, 1], [0, 1])
    compared = compare_apgr([0.1, 0.2], [0.2, 0.1], worse, resample_weights(2, 20, seed=0))
    assert compared == {"apgr_diff": None, "ci": None}
    assert not is_better(compared)
    assert not is_better(None)


def test_a_winner_without_scores_is_an_error(four):
    with pytest.raises(EvaluationError, match=r"no scores of the router 'bert', found \['knn'\]"):
        judge_winner("bert", 0.5, {"knn": Scores(np.zeros(4), np.zeros(4))}, four, resample_weights(4, 5, seed=0))


def test_free_models_have_no_saving_to_speak_of():
    outcomes = make_outcomes([0, 1], [1, 1], weak_cost=0.0, strong_cost=0.0)
    scores = {"bert": Scores(np.array([0.9, 0.1]), np.zeros(2))}
    found = judge_winner("bert", 0.5, scores, outcomes, resample_weights(2, 20, seed=0))
    assert found["cost_saved"] is None
    assert found["cost_saved_ci"] is None


def test_enough_good_queries_carry_no_warning(many):
    outcomes, good, weights = many
    assert warn_of_outcomes(outcomes, weights) == []
    assert warn_of_router("bert", good) == []


@pytest.mark.parametrize(
    ("weak", "strong", "costs", "sentence"),
    [
        ([0, 1], [1, 1], (1, 10), "Only 2 queries"),
        ([1, 1], [0, 1], (1, 10), "The strong model scores 0.500, not above the weak model's 1.000"),
        ([0, 1, 0], [1, 0, 1], (1, 10), "cannot tell from none"),
        ([0, 0], [1, 1], (1, 10), "does better on 2 of 2 queries: AUROC is undefined"),
        ([1, 1], [1, 0], (1, 10), "does better on 0 of 2 queries: AUROC is undefined"),
        ([0, 1], [1, 1], (3, 3), "does not cost more than the weak one: AIQ is undefined"),
    ],
)
def test_outcomes_that_limit_conclusions_are_said_in_sentences(weak, strong, costs, sentence):
    outcomes = make_outcomes(weak, strong, *costs)
    assert sentence in " ".join(warn_of_outcomes(outcomes, resample_weights(outcomes.n, 200, seed=0)))


def test_scores_that_limit_conclusions_are_said_in_sentences():
    assert warn_of_router("llm", [0.5] * 4) == [
        "llm: every query has the score 0.5, so it ranks nothing: its curve is a straight line."
    ]
    assert "llm: scores take only 2 values" in warn_of_router("llm", [0.0, 1.0, 1.0])[0]
    assert warn_of_router("llm", [0.1, 0.2, 0.3]) == []


@settings(max_examples=40)
@given(outcomes_and_scores(positive_gap=False))
def test_every_measure_is_a_finite_number_or_none(case):
    outcomes, score = case
    weights = resample_weights(outcomes.n, 20, seed=0)
    found = evaluate_router(score, outcomes, weights, threshold=0.5)
    json.dumps(found, allow_nan=False)
    verdict = judge_winner("r", 0.5, {"r": Scores(score, np.zeros(outcomes.n))}, outcomes, weights, against=("r",))
    json.dumps(verdict, allow_nan=False)
    assert 0.0 <= verdict["strong_share"] <= 1.0
