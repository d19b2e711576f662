"""A threshold for a wish: a share of strong calls, a quality to keep, or a budget."""

from typing import NamedTuple

import numpy as np

from pointsman.evaluation.curves import ALWAYS_STRONG, ALWAYS_WEAK, route, trace_curve
from pointsman.evaluation.intervals import Estimate, Weights, mean_estimate, ratio_estimate, resample_weights
from pointsman.evaluation.outcomes import EvaluationError, Floats, Outcomes, checked
from pointsman.evaluation.select import choose_threshold

FOLDS = 5
_RESAMPLES = 1000
_UNDEFINED = Estimate(None, None)


class Calibrated(NamedTuple):
    """A threshold, and what it does on traffic like the queries that it was found on."""

    threshold: float
    strong_share: Estimate
    quality_kept: Estimate  # routed quality / strong quality; undefined without labels
    cost_per_query: Estimate  # undefined without costs


def for_strong_share(score: Floats, share: float) -> float:
    """The lowest threshold that sends at most `share` of the queries to the strong model.

    Raises:
        EvaluationError: a score is not finite, or the share is not within [0, 1].
    """
    scores = checked(score, "score")
    if not 0.0 <= share <= 1.0:
        raise EvaluationError(f"the share of strong calls is {share:g}, expected a number from 0 to 1")
    falling = np.sort(scores)[::-1]
    strong = int(share * len(falling) + 1e-9)
    if strong == len(falling):
        return ALWAYS_STRONG
    first_weak = falling[strong]  # the highest score that must not go to strong
    above = falling[falling > first_weak]
    return float(first_weak + (above[-1] - first_weak) / 2.0) if len(above) else float(max(first_weak, ALWAYS_WEAK))


def for_quality(score: Floats, outcomes: Outcomes, quality: float) -> float:
    """The threshold that keeps `quality` of the strong model's mean score at the least cost.

    Raises:
        EvaluationError: an array is not finite or of another length, or the quality is not within [0, 1].
    """
    if not 0.0 <= quality <= 1.0:
        raise EvaluationError(f"the quality to keep is {quality:g}, expected a number from 0 to 1")
    curve = trace_curve(score, outcomes)
    return float(curve.threshold[choose_threshold(curve, quality)])


def for_budget(score: Floats, weak_cost: Floats, strong_cost: Floats, per_query: float) -> float:
    """The lowest threshold at which a query costs at most `per_query` on average.

    Raises:
        EvaluationError: even the weak model alone costs more.
    """
    nothing = np.zeros(len(score))
    curve = trace_curve(score, Outcomes(nothing, nothing, weak_cost, strong_cost))
    affordable = np.flatnonzero(curve.cost <= per_query * (1.0 + 1e-9))
    if not len(affordable):
        raise EvaluationError(
            f"the budget is {per_query:g} a query, the cheapest routing costs {curve.cost.min():g}: raise it to that"
        )
    return float(curve.threshold[affordable[-1]])


def describe(
    threshold: float, score: Floats, costs: tuple[Floats, Floats] | None, outcomes: Outcomes | None, *, seed: int
) -> Calibrated:
    """What a threshold does on the queries, with bootstrap intervals over them.

    Args:
        threshold: strong if and only if score > threshold.
        score: shape (n,).
        costs: of the weak and the strong answer, shape (n,) each; null where unknown.
        outcomes: of the same queries, where they are labelled.
        seed: of the resampling.
    """
    weights = resample_weights(len(score), _RESAMPLES, seed)
    strong = checked(score, "score") > threshold
    cost = None if costs is None else np.where(strong, costs[1], costs[0])
    kept = _UNDEFINED if outcomes is None else _kept(route(score, threshold, outcomes).score, outcomes, weights)
    return Calibrated(
        threshold,
        mean_estimate(strong, weights),
        kept,
        _UNDEFINED if cost is None else mean_estimate(cost, weights),
    )


def kept_on_other_queries(score: Floats, outcomes: Outcomes, quality: float, *, seed: int) -> Estimate:
    """The quality kept where the threshold was found on other queries, five-fold: it does not flatter itself."""
    folds = np.random.default_rng(seed).permutation(outcomes.n) % FOLDS
    routed = np.empty(outcomes.n)
    for fold in range(FOLDS):
        inside, outside = folds == fold, folds != fold
        if not inside.any() or not outside.any():
            return _UNDEFINED
        threshold = for_quality(score[outside], outcomes.take(outside), quality)
        routed[inside] = route(score[inside], threshold, outcomes.take(inside)).score
    return _kept(routed, outcomes, resample_weights(outcomes.n, _RESAMPLES, seed))


def _kept(routed: Floats, outcomes: Outcomes, weights: Weights) -> Estimate:
    return ratio_estimate(routed, outcomes.strong_score, weights)
