"""One router by category or family, with the uncertainty of small groups."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pointsman.evaluation.apgr import SMALLEST_GAP
from pointsman.evaluation.curves import route
from pointsman.evaluation.intervals import (
    Weights,
    apgr_estimate,
    mean_estimate,
    ratio_estimate,
    resample_weights,
)
from pointsman.evaluation.outcomes import EvaluationError, Outcomes, checked
from pointsman.evaluation.select import Scores

WIDEST_HALF_WIDTH = 0.10
"""A group whose APGR interval is wider to either side says nothing about the router."""

_HALF_WIDTH_CONSTANT = 0.3


def tabulate_groups(
    groups: Sequence[str],
    score: ArrayLike,
    outcomes: Outcomes,
    threshold: float,
    *,
    router_cost: ArrayLike | None = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """One row for each group, by name: counts, both models, and the router with its intervals; None where undefined.

    `groups` names the category or family of each of the n queries. A row holds `group, n, weak_score, strong_score,
    gap, gap_ci, apgr, apgr_ci, strong_share, quality_kept, quality_kept_ci, cost_per_query, too_small, queries_needed`.
    Queries are resampled within the group. `too_small` is true where APGR's interval is undefined or reaches further
    than 0.10 to either side on average; `queries_needed` is how many of its kind would bring it to 0.03.

    Raises:
        EvaluationError: an array is not finite or of another length.
    """
    if len(groups) != outcomes.n:
        raise EvaluationError(f"groups has {len(groups)} names, expected {outcomes.n}, one a query. Run: dvc repro")
    scores = checked(score, "score", n=outcomes.n)
    costs = np.zeros(outcomes.n) if router_cost is None else checked(router_cost, "router_cost", n=outcomes.n, low=0.0)
    names = np.asarray(groups, dtype=object)
    rows = []
    for name in sorted(set(groups)):
        chosen = names == name
        weights = resample_weights(int(chosen.sum()), resamples, seed)
        group = Scores(scores[chosen], costs[chosen])
        rows.append({"group": name, **_measure(group, outcomes.take(chosen), threshold, weights, confidence)})
    return rows


def queries_needed(gap: float, half_width: float = 0.03) -> int | None:
    """Queries that bring the 95 % interval of APGR to ± half_width; None where strong is not better than weak.

    Rule of thumb: the half-width is about 0.3 / (gap · √n), where gap is strong's mean score less weak's; measured,
    the constant lies between 0.25 and 0.35 for routers that learn little or nothing, and is larger near the oracle.
    """
    return None if gap <= SMALLEST_GAP else ceil((_HALF_WIDTH_CONSTANT / (gap * half_width)) ** 2)


def _measure(
    scores: Scores, outcomes: Outcomes, threshold: float, weights: Weights, confidence: float
) -> dict[str, Any]:
    routed = route(scores.score, threshold, outcomes, scores.router_cost)
    gap = mean_estimate(outcomes.gain, weights, confidence)
    kept = ratio_estimate(routed.score, outcomes.strong_score, weights, confidence)
    value, ci = apgr_estimate(scores.score, outcomes, weights, confidence)
    return {
        "n": outcomes.n,
        "weak_score": float(outcomes.weak_score.mean()),
        "strong_score": float(outcomes.strong_score.mean()),
        "gap": gap.value,
        "gap_ci": gap.ci,
        "apgr": value,
        "apgr_ci": ci,
        "strong_share": float(routed.strong.mean()),
        "quality_kept": kept.value,
        "quality_kept_ci": kept.ci,
        "cost_per_query": float(routed.cost.mean()),
        "too_small": ci is None or (ci[1] - ci[0]) / 2.0 > WIDEST_HALF_WIDTH,
        "queries_needed": queries_needed(float(outcomes.gain.mean())),
    }
