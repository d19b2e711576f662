"""Paired bootstrap over queries (Efron and Tibshirani 1993, percentile intervals).

A resample is a row of weights: how often each query was drawn. Every router and every measure of a split uses the
same rows, so that differences between routers are paired.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pointsman.evaluation.apgr import SMALLEST_GAP, apgr
from pointsman.evaluation.curves import rank, trace_curve
from pointsman.evaluation.outcomes import EvaluationError, Floats, Outcomes, checked

Weights = NDArray[np.uint16]

_VALUES_AT_ONCE = 250_000


class Estimate(NamedTuple):
    """A measure and its interval; None where undefined."""

    value: float | None
    ci: list[float] | None  # low and high


class Resampling(NamedTuple):
    """How intervals are made."""

    resamples: int
    confidence: float
    seed: int


def resample_weights(n: int, resamples: int, seed: int) -> Weights:
    """Draw n of n queries with replacement, `resamples` times; shape (resamples, n), each row sums to n.

    The same arguments give the same weights. Takes 2 · resamples · n bytes.
    """
    if n < 1 or resamples < 1:
        raise EvaluationError(f"bootstrap of {n} queries and {resamples} resamples, expected at least one of each")
    generator = np.random.default_rng(seed)
    weights = np.empty((resamples, n), dtype=np.uint16)
    for row in weights:
        row[:] = np.bincount(generator.integers(0, n, size=n), minlength=n)
    return weights


def resampled_mean(values: ArrayLike, weights: Weights) -> Floats:
    """Mean of the values in each resample; shape (resamples,)."""
    numbers = checked(values, "values", n=weights.shape[1])
    sums: list[Floats] = [np.einsum("rn,n->r", chunk, numbers) for chunk in _chunks(weights)]
    means: Floats = np.concatenate(sums) / weights.shape[1]
    return means


def resampled_apgr(score: ArrayLike, gain: ArrayLike, weights: Weights) -> Floats:
    """APGR in each resample; shape (resamples,); NaN where strong is not better than weak in it.

    Equal scores move together, as in `trace_curve`; a query drawn twice is such a tie.
    """
    queries = weights.shape[1]
    order, starts = rank(checked(score, "score", n=queries))
    gains = checked(gain, "gain", n=queries)[order]
    parts = [_apgr_of_chunk(chunk[:, order], gains, starts) for chunk in _chunks(weights)]
    return np.concatenate(parts)


def apgr_estimate(score: ArrayLike, outcomes: Outcomes, weights: Weights, confidence: float = 0.95) -> Estimate:
    """APGR with its interval; None where strong is not better than weak."""
    value = apgr(trace_curve(score, outcomes))
    return Estimate(
        value, None if value is None else interval(resampled_apgr(score, outcomes.gain, weights), confidence)
    )


def interval(values: Floats, confidence: float = 0.95) -> list[float] | None:
    """Low and high percentile of resampled values.

    None where more than 1 − confidence of the resamples are undefined (NaN): the rest would look too sure.
    """
    defined = values[~np.isnan(values)]
    if len(defined) < confidence * len(values) or not len(defined):
        return None
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return [float(low), float(high)]


def mean_estimate(values: ArrayLike, weights: Weights, confidence: float = 0.95) -> Estimate:
    """Mean with its interval."""
    numbers = checked(values, "values", n=weights.shape[1])
    return Estimate(float(numbers.mean()), interval(resampled_mean(numbers, weights), confidence))


def ratio_estimate(above: ArrayLike, below: ArrayLike, weights: Weights, confidence: float = 0.95) -> Estimate:
    """Mean of `above` over mean of `below`, with its interval; None where the latter is 0."""
    top, bottom = (checked(values, "values", n=weights.shape[1]) for values in (above, below))
    if bottom.mean() == 0.0:
        return Estimate(None, None)
    tops, bottoms = resampled_mean(top, weights), resampled_mean(bottom, weights)
    ratios = np.divide(tops, bottoms, out=np.full(len(tops), np.nan), where=bottoms != 0.0)
    return Estimate(float(top.mean() / bottom.mean()), interval(ratios, confidence))


def _apgr_of_chunk(weights: Floats, gains: Floats, starts: NDArray[np.intp]) -> Floats:
    weighted = weights * gains
    if len(starts) < len(gains):
        weights, weighted = (np.add.reduceat(array, starts, axis=1) for array in (weights, weighted))
    reached = np.cumsum(weighted, axis=1)
    total = reached[:, -1].copy()
    reached -= weighted / 2.0
    area: Floats = np.einsum("rn,rn->r", weights, reached) / weights.sum(axis=1)
    share: Floats = np.divide(area, total, out=np.full(len(area), np.nan), where=total > SMALLEST_GAP * len(gains))
    return share


def _chunks(weights: Weights) -> Iterator[Floats]:
    """Rows of weights as floats, few enough at once to stay in the processor's cache."""
    rows = max(1, _VALUES_AT_ONCE // weights.shape[1])
    for start in range(0, len(weights), rows):
        yield weights[start : start + rows].astype(np.float64)
