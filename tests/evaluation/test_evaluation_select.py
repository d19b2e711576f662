import numpy as np
import pytest
from evaluation_cases import make_outcomes, outcomes_and_scores
from hypothesis import given

from pointsman.evaluation.curves import ALWAYS_STRONG, ALWAYS_WEAK, route, trace_curve
from pointsman.evaluation.outcomes import EvaluationError
from pointsman.evaluation.select import Candidate, Scores, _merit, choose_threshold, select_router

HALF_GAIN = make_outcomes([0, 0, 1, 1], [1, 1, 1, 1])
GOOD = np.array([0.9, 0.8, 0.2, 0.1])


def scored(score, cost=0.0):
    return Scores(np.array(score), np.full(len(score), cost))


def by_name(selection):
    return {candidate.router: candidate for candidate in selection.candidates}


def test_the_cheapest_threshold_that_keeps_the_quality():
    curve = trace_curve(GOOD, HALF_GAIN)
    assert curve.threshold[choose_threshold(curve, 1.0)] == pytest.approx(0.5)
    assert curve.threshold[choose_threshold(curve, 0.75)] == pytest.approx(0.85)
    assert curve.threshold[choose_threshold(curve, 0.5)] == ALWAYS_WEAK


def test_without_costs_fewer_strong_calls_decide():
    free = make_outcomes([0, 0, 1, 1], [1, 1, 1, 1], weak_cost=0.0, strong_cost=0.0)
    selection = select_router({"bert": scored(GOOD)}, free, ["bert"], quality=1.0)
    assert selection.threshold == pytest.approx(0.5)
    assert not selection.fallback


def test_a_dearer_threshold_that_keeps_more_is_not_taken():
    # strong answers the last query for less than weak does: sending it there too is cheaper
    outcomes = make_outcomes([0, 0, 1, 1], [1, 1, 1, 1], weak_cost=[1, 1, 1, 30], strong_cost=[10, 10, 10, 1])
    curve = trace_curve(GOOD, outcomes)
    assert curve.threshold[choose_threshold(curve, 1.0)] == ALWAYS_STRONG


def test_the_router_with_the_least_cost_wins():
    selection = select_router(
        {"semantic": scored(GOOD[::-1]), "bert": scored(GOOD)}, HALF_GAIN, ["semantic", "bert"], quality=1.0
    )
    assert (selection.router, selection.threshold, selection.fallback) == ("bert", 0.5, False)
    assert [candidate.router for candidate in selection.candidates] == ["bert", "semantic"]
    bert, semantic = selection.candidates
    assert (bert.cost_per_query, bert.strong_share, bert.quality_kept) == (5.5, 0.5, 1.0)
    assert (
        bert.reason
        == "Keeps the quality at the least cost, to within one standard error: 5.5 a query, the strong model 10."
    )
    assert semantic.reason == "Costs 10 a query, bert 5.5."


def test_the_routers_own_cost_counts():
    selection = select_router(
        {"knn": scored([0.9, 0.5, 0.7, 0.1]), "bert": scored(GOOD, cost=5.0)}, HALF_GAIN, ["knn", "bert"], quality=1.0
    )
    assert selection.router == "knn"
    assert by_name(selection)["bert"].cost_per_query == pytest.approx(10.5)


def test_a_router_that_cannot_be_served_is_compared_only():
    selection = select_router(
        {"llm": scored(GOOD), "knn": scored([0.9, 0.5, 0.7, 0.1])}, HALF_GAIN, ["knn", "bert"], quality=1.0
    )
    assert selection.router == "knn"
    assert by_name(selection)["llm"].reason == "Compared only: it is not among the routers that may be served."
    assert [candidate.router for candidate in selection.candidates] == ["knn", "llm"]


def test_equal_costs_are_decided_by_apgr():
    # both call strong on three of four queries; `semantic` puts one that gains first
    scores = {"knn": scored([0.5, 0.4, 0.9, 0.1]), "semantic": scored([0.9, 0.4, 0.5, 0.1])}
    selection = select_router(scores, HALF_GAIN, scores, quality=1.0)
    assert selection.router == "semantic"
    assert (
        by_name(selection)["knn"].reason
        == "Costs as much as semantic, to within one standard error, with no higher APGR."
    )


@pytest.mark.parametrize(("queries", "winner"), [(8, "bert"), (800, "knn")])
def test_costs_within_a_standard_error_of_the_least_are_equal(queries, winner):
    # `bert` asks strong less often, ranks better, and costs 3 by itself: 0.75 more in all
    scores = {
        "knn": scored(np.tile([0.9, 0.5, 0.7, 0.1], queries // 4)),
        "bert": scored(np.tile(GOOD, queries // 4), 3),
    }
    outcomes = make_outcomes(np.tile([0, 0, 1, 1], queries // 4), np.ones(queries))
    selection = select_router(scores, outcomes, scores, quality=1.0)
    assert selection.router == winner
    bert, knn = (by_name(selection)[name] for name in ("bert", "knn"))
    assert bert.cost_per_query - knn.cost_per_query == pytest.approx(0.75)
    assert (bert.cost_se > 0.75) == (winner == "bert")
    assert knn.cost_se == 0.0


def test_a_router_between_two_that_are_equal_is_equal_to_both():
    candidate = Candidate("", True, 0.5, 0.5, 1.0, 0.0, 0.0, 0.5, "")
    sure = candidate._replace(router="sure", cost_per_query=7.5, apgr=0.7)
    cheap = candidate._replace(router="cheap", cost_per_query=7.0)
    assert _merit(sure, 8.0) < _merit(cheap, 8.0)
    assert _merit(cheap, 7.0) < _merit(sure, 7.0)


def test_a_tie_with_the_cheapest_never_costs_more_than_strong():
    # `knn` saves a little; `semantic`, with the higher APGR, costs as much as strong alone
    scores = {"knn": scored([0.5, 0.4, 0.9, 0.1], cost=2.2), "semantic": scored([0.9, 0.4, 0.5, 0.1], cost=2.26)}
    selection = select_router(scores, HALF_GAIN, scores, quality=1.0)
    assert (selection.router, selection.fallback) == ("knn", False)


def test_equal_costs_and_equal_apgr_are_decided_by_name():
    scores = {"semantic": scored(GOOD), "bert": scored(GOOD)}
    assert select_router(scores, HALF_GAIN, scores, quality=1.0).router == "bert"


@pytest.mark.parametrize("cost", [0.0, 0.1])
def test_where_routing_saves_nothing_every_query_goes_to_strong(cost):
    outcomes = make_outcomes([0, 0, 0, 0], [1, 1, 1, 1])
    selection = select_router({"bert": scored(GOOD, cost)}, outcomes, ["bert"], quality=0.95)
    assert (selection.router, selection.threshold, selection.fallback) == ("bert", ALWAYS_STRONG, True)
    assert route([0.0, 0.0, 0.5, 1.0], selection.threshold, outcomes).strong.all()
    assert selection.candidates[0].reason.startswith("Keeps the quality only at no saving")


def test_a_router_that_costs_more_than_it_saves_falls_back_too():
    selection = select_router({"bert": scored(GOOD, cost=20.0)}, HALF_GAIN, ["bert"], quality=1.0)
    assert selection.fallback
    assert selection.threshold == ALWAYS_STRONG


def test_strong_worse_than_weak_leaves_every_query_with_weak():
    outcomes = make_outcomes([1, 1, 1, 0], [0, 1, 0, 0])
    selection = select_router({"bert": scored(GOOD)}, outcomes, ["bert"], quality=0.95)
    assert selection.threshold == ALWAYS_WEAK
    assert selection.candidates[0].apgr is None


def test_a_strong_model_that_scores_nothing_keeps_no_share():
    outcomes = make_outcomes([0, 0], [0, 0])
    selection = select_router({"bert": scored([0.2, 0.1])}, outcomes, ["bert"], quality=0.95)
    assert selection.candidates[0].quality_kept is None


def test_no_servable_router_is_an_error():
    with pytest.raises(EvaluationError, match=r"found \['llm'\], expected one of \['bert', 'knn'\]"):
        select_router({"llm": scored(GOOD)}, HALF_GAIN, ["knn", "bert"], quality=0.95)


@given(outcomes_and_scores(positive_gap=False))
def test_the_chosen_threshold_keeps_the_quality_and_no_cheaper_one_does(case):
    outcomes, score = case
    curve = trace_curve(score, outcomes)
    wanted = 0.95 * outcomes.strong_score.mean()
    chosen = route(score, curve.threshold[choose_threshold(curve, 0.95)], outcomes)
    assert chosen.score.mean() >= wanted - 1e-8
    for threshold in curve.threshold:
        other = route(score, threshold, outcomes)
        assert other.score.mean() < wanted or other.cost.mean() >= chosen.cost.mean() - 1e-9
