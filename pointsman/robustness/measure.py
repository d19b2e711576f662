"""How far a router's decisions depend on a query's wording."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pointsman.evaluation.intervals import apgr_estimate, mean_estimate, resample_weights
from pointsman.evaluation.outcomes import Floats, Outcomes
from pointsman.robustness.changes import Change

Score = Callable[[Sequence[str]], Floats]


def measure_robustness(
    score: Score,
    texts: Sequence[str],
    outcomes: Outcomes,
    threshold: float,
    changes: Mapping[str, Change],
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> dict[str, Any]:
    """The content of reports/robustness.json: one entry for each change, and `unchanged`.

    An entry holds `flipped` (share of queries whose route changes), `strong_share`, `score_shift` (mean absolute change
    of the score) and `apgr`, the first and the last with an interval over queries.

    Args:
        score: what the router makes of texts, shape (n,).
        texts: n queries.
        outcomes: of those queries; a change of wording is taken to leave them alone.
        threshold: strong if and only if score > threshold.
        changes: by name.
        resamples: of the bootstrap.
        confidence: coverage of the intervals.
        seed: of the bootstrap.
    """
    weights = resample_weights(outcomes.n, resamples, seed)
    worded = [texts, *([change(text) for text in texts] for change in changes.values())]
    together = score([text for wording in worded for text in wording])  # in one call: equal texts are scored once
    before, *afters = np.split(together, len(worded))

    def entry(after: Floats) -> dict[str, Any]:
        flipped = mean_estimate((after > threshold) != (before > threshold), weights, confidence)
        value, ci = apgr_estimate(after, outcomes, weights, confidence)
        return {
            "flipped": flipped.value,
            "flipped_ci": flipped.ci,
            "strong_share": float((after > threshold).mean()),
            "score_shift": float(np.abs(after - before).mean()),
            "apgr": value,
            "apgr_ci": ci,
        }

    found = {name: entry(after) for name, after in zip(changes, afters, strict=True)}
    return {"n": outcomes.n, "threshold": threshold, "unchanged": entry(before), "changes": found}
