"""How far a score can be read as the probability that gain > 0."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pointsman.evaluation.outcomes import Bools, Floats, checked

BINS = 10


class Reliability(NamedTuple):
    """Predicted against observed in each bin, by rising score; all of shape (bins,)."""

    predicted: Floats  # mean score
    observed: Floats  # share of gain > 0
    queries: Floats  # how many


def brier(score: ArrayLike, needs_strong: Bools) -> float:
    """Mean squared distance of the score, in [0, 1], from what happened (0 or 1)."""
    scores = checked(score, "score", n=len(needs_strong), low=0.0, high=1.0)
    return float(np.mean((scores - needs_strong) ** 2))


def reliability(score: ArrayLike, needs_strong: Bools, bins: int = BINS) -> Reliability:
    """Bins with equal numbers of queries; equal scores share a bin, so that there may be fewer bins.

    Equal widths would leave most bins empty: routers' scores crowd around the share of gain > 0.
    """
    scores = checked(score, "score", n=len(needs_strong), low=0.0, high=1.0)
    inner = np.quantile(scores, np.linspace(0.0, 1.0, bins + 1)[1:-1])
    _, place = np.unique(np.searchsorted(inner, scores, side="right"), return_inverse=True)
    count = np.bincount(place).astype(np.float64)
    observed = np.bincount(place, weights=needs_strong.astype(np.float64)) / count
    return Reliability(np.bincount(place, weights=scores) / count, observed, count)


def ece(score: ArrayLike, needs_strong: Bools, bins: int = BINS) -> float:
    """Expected calibration error: mean |predicted − observed| over the bins of `reliability`, by their queries.

    As Naeini et al. (AAAI 2015) define it, with bins of equal mass instead of equal width.
    """
    points = reliability(score, needs_strong, bins)
    return float(np.average(np.abs(points.predicted - points.observed), weights=points.queries))


def auroc(score: ArrayLike, needs_strong: Bools) -> float | None:
    """Area under the ROC curve; None where gain > 0 for no query, or for every one."""
    from sklearn.metrics import roc_auc_score

    scores = checked(score, "score", n=len(needs_strong))
    if needs_strong.all() or not needs_strong.any():
        return None
    return float(roc_auc_score(needs_strong, scores))
