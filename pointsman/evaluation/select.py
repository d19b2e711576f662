"""Choose a router and its threshold, on queries that judge nothing afterwards."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from pointsman.evaluation.apgr import apgr
from pointsman.evaluation.curves import ALWAYS_STRONG, Curve, trace_curve
from pointsman.evaluation.outcomes import EvaluationError, Floats, Outcomes

TIE = 0.01
"""Costs that differ by less than this share of strong's are equal: one query more or less moves them as far."""

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

    Equal costs (see TIE) are decided by APGR, then by name. Where even the best saves nothing against asking strong
    alone, it is returned with the threshold ALWAYS_STRONG, below every probability, and `fallback` is true.

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
    limit = _tie_limit(found, strong_cost)
    ranked = sorted(found, key=lambda candidate: _merit(candidate, limit))
    best = ranked[0]
    fallback = best.strong_share == 1.0 or best.cost_per_query > strong_cost * (1 + _ROUNDING)
    explained = [_explain(candidate, best, fallback, strong_cost, limit) for candidate in ranked]
    return Selection(best.router, ALWAYS_STRONG if fallback else best.threshold, fallback, explained)


def _candidate(name: str, scores: Scores, outcomes: Outcomes, servable: bool, quality: float) -> Candidate:
    curve = trace_curve(scores.score, outcomes, scores.router_cost)
    at = choose_threshold(curve, quality)
    strong_quality = float(curve.quality[-1])
    kept = float(curve.quality[at]) / strong_quality if strong_quality > 0 else None
    share, cost = float(curve.strong_share[at]), float(curve.cost[at])
    return Candidate(name, servable, float(curve.threshold[at]), share, kept, cost, apgr(curve), reason="")


def _tie_limit(candidates: Collection[Candidate], strong_cost: float) -> float:
    """The cost up to which a servable router ties with the cheapest; where that one saves something, so must they."""
    least = min(candidate.cost_per_query for candidate in candidates if candidate.servable)
    below_strong = strong_cost * (1 - _ROUNDING)
    return min(least + TIE * strong_cost, below_strong) if least < below_strong else least * (1 + _ROUNDING)


def _merit(candidate: Candidate, limit: float) -> tuple[bool, float, float, str]:
    """What candidates are sorted by, the best first."""
    worth = -np.inf if candidate.apgr is None else candidate.apgr
    cost = max(candidate.cost_per_query, limit)
    return not candidate.servable, cost, -worth, candidate.router


def _explain(candidate: Candidate, best: Candidate, fallback: bool, strong_cost: float, limit: float) -> Candidate:
    if not candidate.servable:
        reason = "Compared only: it is not among the routers that may be served."
    elif candidate.router == best.router:
        reason = _praise(candidate, fallback, strong_cost)
    elif candidate.cost_per_query <= limit:
        reason = f"Costs as much as {best.router}, to within {TIE:.0%}, with no higher APGR."
    else:
        reason = f"Costs {candidate.cost_per_query:.4g} a query, {best.router} {best.cost_per_query:.4g}."
    return candidate._replace(reason=reason)


def _praise(best: Candidate, fallback: bool, strong_cost: float) -> str:
    if fallback:
        return "Keeps the quality only at no saving, so every query goes to the strong model."
    return (
        f"Keeps the quality at the least cost, to within {TIE:.0%}: {best.cost_per_query:.4g} a query, the strong "
        f"model {strong_cost:.4g}."
    )
