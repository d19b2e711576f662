"""The numbers of reports/metrics.json: one router on one split, and the winner."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pointsman.evaluation.aiq import aiq
from pointsman.evaluation.apgr import SMALLEST_GAP, apgr, apgr_routellm, cpt
from pointsman.evaluation.calibration_metrics import auroc, brier, ece
from pointsman.evaluation.curves import route, trace_curve
from pointsman.evaluation.intervals import (
    Weights,
    interval,
    mean_estimate,
    ratio_estimate,
    resampled_apgr,
    resampled_mean,
)
from pointsman.evaluation.outcomes import EvaluationError, Floats, Outcomes, checked
from pointsman.evaluation.select import Scores

FEW_QUERIES = 100


def evaluate_router(
    score: ArrayLike,
    outcomes: Outcomes,
    weights: Weights,
    *,
    router_cost: ArrayLike | None = None,
    threshold: float | None = None,
    confidence: float = 0.95,
    is_probability: bool = True,
) -> dict[str, Any]:
    """Every measure of one router on one split; None where undefined.

    Args:
        score: shape (n,), in [0, 1].
        outcomes: of the same n queries.
        weights: of `resample_weights(n, …)`, the same for all routers of the split.
        router_cost: shape (n,), what scoring each query cost; none where absent.
        threshold: at which `cost_per_query` is taken; None leaves it undefined.
        confidence: coverage of the interval.
        is_probability: false leaves `brier` and `ece` undefined, for scores that only order (length, say).

    Raises:
        EvaluationError: an array is not finite, out of range or of another length.
    """
    scores = checked(score, "score", n=outcomes.n, low=0.0, high=1.0)
    curve, events = trace_curve(scores, outcomes, router_cost), outcomes.needs_strong
    value = apgr(curve)
    return {
        "apgr": value,
        "apgr_ci": None if value is None else interval(resampled_apgr(scores, outcomes.gain, weights), confidence),
        "apgr_routellm": apgr_routellm(scores, outcomes),
        "cpt50": cpt(curve, 0.50),
        "cpt80": cpt(curve, 0.80),
        "cpt95": cpt(curve, 0.95),
        "aiq": aiq(curve, outcomes),
        "auroc": auroc(scores, events),
        "brier": brier(scores, events) if is_probability else None,
        "ece": ece(scores, events) if is_probability else None,
        "cost_per_query": None
        if threshold is None
        else float(route(scores, threshold, outcomes, router_cost).cost.mean()),
    }


def judge_winner(
    router: str,
    threshold: float,
    scores: Mapping[str, Scores],
    outcomes: Outcomes,
    weights: Weights,
    *,
    against: tuple[str, ...] = ("length", "knn"),
    confidence: float = 0.95,
) -> dict[str, Any]:
    """The chosen router at its threshold, on queries that did not choose it.

    quality_kept is routed quality / strong quality; cost_saved is 1 − routed cost / always-strong cost, where the
    routed cost holds the router's own. `vs` is the paired difference of APGR (router − other); None for one not scored.

    Raises:
        EvaluationError: the router is not among `scores`, or an array is not finite or of another length.
    """
    if router not in scores:
        raise EvaluationError(f"no scores of the router {router!r}, found {sorted(scores)}. Write them with: dvc repro")
    routed = route(scores[router].score, threshold, outcomes, scores[router].router_cost)
    share = mean_estimate(routed.strong, weights, confidence)
    kept = ratio_estimate(routed.score, outcomes.strong_score, weights, confidence)
    spent = ratio_estimate(routed.cost, outcomes.strong_cost, weights, confidence)
    return {
        "router": router,
        "threshold": threshold,
        "strong_share": share.value,
        "strong_share_ci": share.ci,
        "quality_kept": kept.value,
        "quality_kept_ci": kept.ci,
        "cost_saved": None if spent.value is None else 1.0 - spent.value,
        "cost_saved_ci": None if spent.ci is None else [1.0 - spent.ci[1], 1.0 - spent.ci[0]],
        "vs": {
            name: compare_apgr(scores[router].score, scores[name].score, outcomes, weights, confidence)
            if name in scores
            else None
            for name in against
        },
    }


def compare_apgr(
    score: ArrayLike, other: ArrayLike, outcomes: Outcomes, weights: Weights, confidence: float = 0.95
) -> dict[str, Any]:
    """Difference of APGR between two routers on the same queries (first − second), with its paired interval."""
    ours, theirs = apgr(trace_curve(score, outcomes)), apgr(trace_curve(other, outcomes))
    if ours is None or theirs is None:
        return {"apgr_diff": None, "ci": None}
    resampled = resampled_apgr(score, outcomes.gain, weights) - resampled_apgr(other, outcomes.gain, weights)
    return {"apgr_diff": ours - theirs, "ci": interval(resampled, confidence)}


def is_better(comparison: Mapping[str, Any] | None) -> bool:
    """Whether a comparison of `judge_winner` lies above zero with its whole interval."""
    return bool(comparison and comparison["ci"] and comparison["ci"][0] > 0.0)


def warn_of_outcomes(outcomes: Outcomes, weights: Weights, confidence: float = 0.95) -> list[str]:
    """What limits every conclusion from these queries, in plain sentences; empty where nothing does."""
    weak, strong = float(outcomes.weak_score.mean()), float(outcomes.strong_score.mean())
    warnings = []
    if outcomes.n < FEW_QUERIES:
        warnings.append(f"Only {outcomes.n} queries: expect wide intervals.")
    if strong - weak <= SMALLEST_GAP:
        warnings.append(
            f"The strong model scores {strong:.3f}, not above the weak model's {weak:.3f}: "
            "PGR, APGR and CPT are undefined, and there is nothing to gain by routing to it on the whole."
        )
    elif not _gap_is_sure(outcomes.gain, weights, confidence):
        warnings.append(
            f"The models score {weak:.3f} and {strong:.3f}, a difference that these {outcomes.n} queries "
            "cannot tell from none: APGR is not to be relied on."
        )
    events = int(outcomes.needs_strong.sum())
    if events in (0, outcomes.n):
        warnings.append(f"The strong model does better on {events} of {outcomes.n} queries: AUROC is undefined.")
    if outcomes.strong_cost.mean() <= outcomes.weak_cost.mean():
        warnings.append("The strong model does not cost more than the weak one: AIQ is undefined.")
    return warnings


def warn_of_router(name: str, score: ArrayLike) -> list[str]:
    """What limits conclusions about one router, in plain sentences; empty where nothing does."""
    distinct: Floats = np.unique(checked(score, "score"))
    if len(distinct) == 1:
        return [
            f"{name}: every query has the score {distinct[0]:.3g}, so it ranks nothing: its curve is a straight line."
        ]
    if len(distinct) < min(11, np.size(score)):
        return [
            f"{name}: scores take only {len(distinct)} values, so that few thresholds differ "
            "and RouteLLM's eleven points coincide in part."
        ]
    return []


def _gap_is_sure(gain: Floats, weights: Weights, confidence: float) -> bool:
    ci = interval(resampled_mean(gain, weights), confidence)
    return ci is not None and ci[0] > 0.0
