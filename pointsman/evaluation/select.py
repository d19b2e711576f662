"""Choose a router and its threshold, on queries that judge nothing afterwards."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from pointsman.evaluation.apgr import apgr
from pointsman.evaluation.curves import ALWAYS_STRONG, Curve, trace_curve
from pointsman.evaluation.outcomes import EvaluationError, Floats, Outcomes

_ROUNDING = 1e-9


class Scores(NamedTuple):
    """A router's output on n queries."""

    score: Floats  # shape (n,), in [0, 1]
    router_cost: Floats  # shape (n,), in the unit of the answers' costs


class Candidate(NamedTuple):
    """A router at the cheapest threshold that keeps the wanted quality."""

    router: str
    servable: bool
    threshold: float
    strong_share: float
    quality_kept: float | None  # routed quality / strong quality; None where strong scores 0 throughout
    cost_per_query: float  # the router's own cost included
    apgr: float | None
    reason: str  # why it was chosen, or not: a sentence


class Selection(NamedTuple):
    """The chosen router, and every candidate from best to worst, those that cannot be served last."""

    router: str
    threshold: float
    fallback: bool  # true: routing saves nothing, so that every query goes to strong
    candidates: list[Candidate]


def choose_threshold(curve: Curve, quality: float) -> int:
    """Index of the cheapest point of a curve that keeps `quality` of always-strong's quality.

    Equal costs (all zero, say) are decided by fewer strong calls. Always-strong is a point of each curve and keeps
    it by definition, so there always is one.
    """
    keeps = np.flatnonzero(curve.quality >= quality * curve.quality[-1] - _ROUNDING)
    return int(keeps[np.lexsort((curve.strong_share[keeps], curve.cost[keeps]))[0]])


def select_router(
    scores: Mapping[str, Scores], outcomes: Outcomes, servable: Collection[str], quality: float
) -> Selection:
    """The servable router that keeps `quality` of strong's quality at the least cost per query.

    Equal costs are decided by APGR, then by name. Where even the best saves nothing against asking strong alone, it is
    returned with the threshold ALWAYS_STRONG, below every probability, and `fallback` is true.

    Args:
        scores: of every router, on the same queries, none of them from a test split.
        outcomes: of those queries.
        servable: names of the routers that may win.
        quality: share of strong's mean score that must be kept, in [0, 1].

    Raises:
        EvaluationError: no servable router is among `scores`, or an array is not finite or of another length.
    """
    if not set(servable) & set(scores):
        raise EvaluationError(
            f"no servable router was scored: found {sorted(scores)}, expected one of {sorted(servable)}. "
            "Name one under `routers` in conf/config.yaml, then run: python -m pointsman.config.compose && dvc repro"
        )
    strong_cost = float(outcomes.strong_cost.mean())
    found = [_candidate(name, scores[name], outcomes, name in servable, quality) for name in scores]
    ranked = sorted(found, key=lambda candidate: _merit(candidate, strong_cost))
    best = ranked[0]
    fallback = best.strong_share == 1.0 or _steps(best.cost_per_query, strong_cost) > _steps(strong_cost, strong_cost)
    explained = [_explain(candidate, best, fallback, strong_cost) for candidate in ranked]
    return Selection(best.router, ALWAYS_STRONG if fallback else best.threshold, fallback, explained)


def _candidate(name: str, scores: Scores, outcomes: Outcomes, servable: bool, quality: float) -> Candidate:
    curve = trace_curve(scores.score, outcomes, scores.router_cost)
    at = choose_threshold(curve, quality)
    strong_quality = float(curve.quality[-1])
    kept = float(curve.quality[at]) / strong_quality if strong_quality > 0 else None
    share, cost = float(curve.strong_share[at]), float(curve.cost[at])
    return Candidate(name, servable, float(curve.threshold[at]), share, kept, cost, apgr(curve), reason="")


def _steps(cost: float, strong_cost: float) -> int:
    """Cost in billionths of strong's, so that rounding does not break a tie."""
    return round(cost / (strong_cost or 1.0) / _ROUNDING)


def _merit(candidate: Candidate, strong_cost: float) -> tuple[bool, int, float, str]:
    worth = -np.inf if candidate.apgr is None else candidate.apgr
    return not candidate.servable, _steps(candidate.cost_per_query, strong_cost), -worth, candidate.router


def _explain(candidate: Candidate, best: Candidate, fallback: bool, strong_cost: float) -> Candidate:
    if not candidate.servable:
        reason = "Compared only: it is not among the routers that may be served."
    elif candidate.router == best.router:
        reason = _praise(candidate, fallback, strong_cost)
    elif _steps(candidate.cost_per_query, strong_cost) == _steps(best.cost_per_query, strong_cost):
        reason = f"Costs as much as {best.router}, with no higher APGR."
    else:
        reason = f"Costs {candidate.cost_per_query:.4g} a query, {best.router} {best.cost_per_query:.4g}."
    return candidate._replace(reason=reason)


def _praise(best: Candidate, fallback: bool, strong_cost: float) -> str:
    if fallback:
        return "Keeps the quality only at no saving, so every query goes to the strong model."
    return (
        f"Keeps the quality at the least cost: {best.cost_per_query:.4g} a query, the strong model {strong_cost:.4g}."
    )
