"""Quality and cost at every threshold of a router, and at one."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pointsman.evaluation.outcomes import Bools, Floats, Outcomes, checked

ALWAYS_WEAK = 1.0
ALWAYS_STRONG = -1.0
"""Thresholds that no probability, or every probability, exceeds."""


class Ranking(NamedTuple):
    """Queries by falling score, equal scores in one group."""

    order: NDArray[np.intp]  # shape (n,): row numbers, highest score first
    starts: NDArray[np.intp]  # shape (groups,): where in `order` each group of equal scores begins


class Curve(NamedTuple):
    """One point for each threshold, from always-weak to always-strong; all of shape (points,)."""

    threshold: Floats  # falling
    strong_share: Floats  # from 0 to 1
    quality: Floats  # mean score of the routed answers
    cost: Floats  # per query, the router's own cost included


class Routed(NamedTuple):
    """What each query gets at one threshold; all of shape (n,)."""

    strong: Bools
    score: Floats
    cost: Floats


def rank(score: Floats) -> Ranking:
    """Sort by falling score; queries with equal scores are one group, since no threshold parts them."""
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    starts = np.flatnonzero(np.concatenate(([True], falling[1:] != falling[:-1])))
    return Ranking(order, starts)


def trace_curve(score: ArrayLike, outcomes: Outcomes, router_cost: ArrayLike | None = None) -> Curve:
    """Route at every distinct threshold, from always-weak to always-strong; equal scores move together.

    A threshold lies halfway between neighbouring scores: the last digits of a score, which differ between the trained
    and the served model, then move no query.

    Args:
        score: shape (n,), any finite numbers; strong is called where score > threshold.
        outcomes: of the same n queries.
        router_cost: shape (n,), what scoring each query cost; none where absent.

    Raises:
        EvaluationError: an array is not finite or of another length.
    """
    scores, routing = _inputs(score, outcomes, router_cost)
    order, starts = rank(scores)
    ends = np.append(starts[1:], outcomes.n)
    distinct = scores[order][starts]
    first = max(ALWAYS_WEAK, distinct[0])
    last = min(ALWAYS_STRONG, np.nextafter(distinct[-1], -np.inf))
    extra_cost = (outcomes.strong_cost - outcomes.weak_cost)[order]
    return Curve(
        threshold=np.concatenate(([first], _between(distinct), [last])),
        strong_share=np.append(0.0, ends) / outcomes.n,
        quality=(outcomes.weak_score.sum() + _sums_at(outcomes.gain[order], ends)) / outcomes.n,
        cost=(outcomes.weak_cost.sum() + routing.sum() + _sums_at(extra_cost, ends)) / outcomes.n,
    )


def route(score: ArrayLike, threshold: float, outcomes: Outcomes, router_cost: ArrayLike | None = None) -> Routed:
    """Route each query: strong if and only if score > threshold.

    Raises:
        EvaluationError: an array is not finite or of another length.
    """
    scores, routing = _inputs(score, outcomes, router_cost)
    strong = scores > threshold
    return Routed(
        strong=strong,
        score=np.where(strong, outcomes.strong_score, outcomes.weak_score),
        cost=np.where(strong, outcomes.strong_cost, outcomes.weak_cost) + routing,
    )


def _inputs(score: ArrayLike, outcomes: Outcomes, router_cost: ArrayLike | None) -> tuple[Floats, Floats]:
    scores = checked(score, "score", n=outcomes.n)
    if router_cost is None:
        return scores, np.zeros(outcomes.n)
    return scores, checked(router_cost, "router_cost", n=outcomes.n, low=0.0)


def _between(falling: Floats) -> Floats:
    """Numbers halfway between neighbours; the lower one where no number lies between."""
    upper, lower = falling[:-1], falling[1:]
    middle = lower + (upper - lower) / 2.0
    return np.where(middle < upper, middle, lower)


def _sums_at(values: Floats, ends: NDArray[np.intp]) -> Floats:
    """Sums of the first 0, ends[0], ends[1]… values."""
    return np.concatenate(([0.0], np.cumsum(values)[ends - 1]))
