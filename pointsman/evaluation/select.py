"""Choose a router and its threshold, on queries that judge nothing afterwards."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from pointsman.evaluation.apgr import apgr
from pointsman.evaluation.curves import ALWAYS_STRONG, Curve, trace_curve
from pointsman.evaluation.outcomes import EvaluationError, Floats, Outcomes

RESAMPLES = 200  # enough for a standard error
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
    cost_se: float  # standard error of what it costs more than the cheapest router that can be served, by bootstrap
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

    Costs within one standard error of the least are equal (the rule of Breiman et al., 1984, for choosing a tree), and
    so are those below the dearest of these; APGR decides, then the name. Where even the best saves nothing against
    asking strong alone, it is returned with the threshold ALWAYS_STRONG, below every probability, and `fallback` is
    true.

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
    unsure = [_candidate(name, scores[name], outcomes, name in servable, quality) for name in scores]
    least = min((candidate for candidate in unsure if candidate.servable), key=lambda one: one.cost_per_query)
    costs = {name: _resampled_costs(scores[name], outcomes, quality) for name in scores}
    found = [one._replace(cost_se=float(np.std(costs[one.router] - costs[least.router]))) for one in unsure]
    tied = [one for one in found if one.servable and _is_tied(one, least, strong_cost)]
    dearest = max(one.cost_per_query for one in tied) + _ROUNDING * strong_cost
    ranked = sorted(found, key=lambda candidate: _merit(candidate, dearest))
    best = ranked[0]
    fallback = best.strong_share == 1.0 or best.cost_per_query > strong_cost * (1 + _ROUNDING)
    explained = [_explain(candidate, best, dearest, fallback, strong_cost) for candidate in ranked]
    return Selection(best.router, ALWAYS_STRONG if fallback else best.threshold, fallback, explained)


def _candidate(name: str, scores: Scores, outcomes: Outcomes, servable: bool, quality: float) -> Candidate:
    curve = trace_curve(scores.score, outcomes, scores.router_cost)
    at = choose_threshold(curve, quality)
    strong_quality = float(curve.quality[-1])
    kept = float(curve.quality[at]) / strong_quality if strong_quality > 0 else None
    share, cost = float(curve.strong_share[at]), float(curve.cost[at])
    return Candidate(name, servable, float(curve.threshold[at]), share, kept, cost, 0.0, apgr(curve), reason="")


def _resampled_costs(scores: Scores, outcomes: Outcomes, quality: float) -> Floats:
    """The cost per query with the threshold chosen anew on each of the same bootstrap samples, shape (RESAMPLES,)."""
    generator = np.random.default_rng(0)  # the same samples for every router: their differences are paired
    costs = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(outcomes.n, size=outcomes.n)
        curve = trace_curve(scores.score[drawn], outcomes.take(drawn), scores.router_cost[drawn])
        costs.append(curve.cost[choose_threshold(curve, quality)])
    return np.array(costs)


def _is_tied(candidate: Candidate, least: Candidate, strong_cost: float) -> bool:
    """Whether a router costs as much as the cheapest; where that one saves something, so must the other."""
    cost, rounding = candidate.cost_per_query, _ROUNDING * strong_cost
    saves = least.cost_per_query >= strong_cost - rounding or cost < strong_cost - rounding
    return saves and cost <= least.cost_per_query + candidate.cost_se + rounding


def _merit(candidate: Candidate, dearest: float) -> tuple[bool, float, float, str]:
    """What candidates are sorted by, the best first."""
    worth = -np.inf if candidate.apgr is None else candidate.apgr
    return not candidate.servable, max(candidate.cost_per_query, dearest), -worth, candidate.router


def _explain(candidate: Candidate, best: Candidate, dearest: float, fallback: bool, strong_cost: float) -> Candidate:
    if not candidate.servable:
        reason = "Compared only: it is not among the routers that may be served."
    elif candidate.router == best.router:
        reason = _praise(candidate, fallback, strong_cost)
    elif candidate.cost_per_query <= dearest:
        reason = f"Costs as much as {best.router}, to within one standard error, with no higher APGR."
    else:
        reason = f"Costs {candidate.cost_per_query:.4g} a query, {best.router} {best.cost_per_query:.4g}."
    return candidate._replace(reason=reason)


def _praise(best: Candidate, fallback: bool, strong_cost: float) -> str:
    if fallback:
        return "Keeps the quality only at no saving, so every query goes to the strong model."
    return (
        f"Keeps the quality at the least cost, to within one standard error: {best.cost_per_query:.4g} a query, the "
        f"strong model {strong_cost:.4g}."
    )
