"""How a router's raw scores become probabilities that gain > 0. Fitting needs scipy; applying needs numpy alone."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from pointsman.routers.base import Floats

Method = Literal["none", "platt", "temperature"]
SLOPES = (1e-3, 1e3)  # allowed, over raw scores of unit spread


@dataclass(frozen=True)
class Calibration:
    """score = sigmoid(slope · raw + intercept); with method `none` the raw score is the probability."""

    method: Method = "none"
    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, raw: ArrayLike) -> Floats:
        """Probabilities of shape (n,) for raw scores of shape (n,), in the same order: the slope is positive."""
        values = np.asarray(raw, dtype=np.float64)
        if self.method == "none":
            return np.clip(values, 0.0, 1.0)
        return sigmoid(self.slope * values + self.intercept)

    def to_json(self) -> dict[str, Any]:
        """Plain values for router.json."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Calibration":
        """Read what `to_json` wrote."""
        return cls(value["method"], float(value["slope"]), float(value["intercept"]))


NONE = Calibration()


def sigmoid(x: ArrayLike) -> Floats:
    """Logistic function; does not overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, dtype=np.float64))), dtype=np.float64)


def logit(p: ArrayLike, floor: float = 1e-6) -> Floats:
    """Log-odds of probabilities, which are kept `floor` away from 0 and 1."""
    clipped = np.clip(np.asarray(p, dtype=np.float64), floor, 1.0 - floor)
    return np.asarray(np.log(clipped) - np.log1p(-clipped), dtype=np.float64)


def fit(method: Method, raw: ArrayLike, event: ArrayLike) -> Calibration:
    """Fit on rows that the router has not been trained on.

    `platt` (Platt, 1999) fits slope and intercept to smoothed targets, so that separable rows do not
    give an infinite slope; `temperature` (Guo et al., 2017) fits the slope alone and suits raw scores
    that are log-odds. The slope stays positive, so that calibration never changes the order.

    Args:
        method: how to calibrate; `none` leaves the raw scores.
        raw: raw scores, shape (n,).
        event: whether gain > 0, shape (n,).
    """
    x, y = np.asarray(raw, dtype=np.float64), np.asarray(event, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"raw has shape {x.shape} and event {y.shape}, expected two equal lengths")
    if method == "none" or len(x) == 0:
        return NONE
    positives = float(y.sum())
    high, low = (positives + 1) / (positives + 2), 1 / (len(y) - positives + 2)
    centre, spread = (float(x.mean()), float(x.std())) if method == "platt" else (0.0, 1.0)
    slope, intercept = _minimise((x - centre) / (spread or 1.0), np.where(y > 0, high, low), method == "platt")
    slope /= spread or 1.0
    return Calibration(method, slope, intercept - slope * centre)


def _minimise(x: Floats, target: Floats, with_intercept: bool) -> tuple[float, float]:
    """Slope and intercept of least log loss; deterministic."""
    from scipy.optimize import minimize

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = parameters[0] * x + parameters[1]
        error = sigmoid(z) - target
        gradient = np.array([(error * x).mean(), error.mean()])
        return float((np.logaddexp(0.0, z) - target * z).mean()), gradient

    bounds = [SLOPES, (None, None) if with_intercept else (0.0, 0.0)]
    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    return float(found.x[0]), float(found.x[1])


def rank_covariance(score: ArrayLike, gain: ArrayLike) -> float:
    """Covariance of the scores' ranks (ties share their mean rank) with the gains.

    Of two scorings of the same rows the one with the larger value has the larger APGR: the trapezoid
    under the curve is 1/2 + this value / mean gain, for ranks scaled to [0, 1].
    """
    from scipy.stats import rankdata

    ranks = rankdata(np.asarray(score)) / len(np.asarray(score))
    return float(np.mean((ranks - ranks.mean()) * np.asarray(gain, dtype=np.float64)))
