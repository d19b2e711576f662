"""What many fits of one router say together: reports/studies.json."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pointsman.evaluation.apgr import apgr
from pointsman.evaluation.curves import trace_curve
from pointsman.evaluation.intervals import Weights, apgr_estimate
from pointsman.evaluation.outcomes import Floats, Outcomes
from pointsman.studies.fits import Fit


def summarise(scores: Mapping[Fit, Floats], outcomes: Outcomes, weights: Weights, confidence: float) -> dict[str, Any]:
    """For each router: APGR on test of every seed, of every number of labels, and of shuffled labels.

    Args:
        scores: of every fit, shape (n,).
        outcomes: of the n test queries.
        weights: of `resample_weights(n, …)`.
        confidence: coverage of the intervals over queries.
    """
    return {
        router: {
            "seeds": _band([apgr(trace_curve(scores[fit], outcomes)) for fit in fits if fit.seed is not None]),
            "labels": [
                {"labels": fit.labels, **_measured(scores[fit], outcomes, weights, confidence)}
                for fit in fits
                if fit.labels is not None
            ],
            "shuffled": next(
                (_measured(scores[fit], outcomes, weights, confidence) for fit in fits if fit.shuffled), None
            ),
        }
        for router, fits in _by_router(scores).items()
    }


def _by_router(scores: Mapping[Fit, Floats]) -> dict[str, list[Fit]]:
    return {name: [fit for fit in scores if fit.router == name] for name in sorted({fit.router for fit in scores})}


def _band(values: list[float | None]) -> dict[str, Any] | None:
    """Mean, least, largest and standard deviation over seeds; null where there is none, or one is undefined."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    spread = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
    return {"apgr": known, "mean": float(np.mean(known)), "low": min(known), "high": max(known), "sd": spread}


def _measured(score: Floats, outcomes: Outcomes, weights: Weights, confidence: float) -> dict[str, Any]:
    value, ci = apgr_estimate(score, outcomes, weights, confidence)
    return {"apgr": value, "apgr_ci": ci}
