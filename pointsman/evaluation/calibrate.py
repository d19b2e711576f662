"""Turn a router's raw scores into probabilities that gain > 0, without changing their order.

Importing this module needs numpy alone: a served router applies its calibration too.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from pointsman.evaluation.outcomes import EvaluationError, Floats, checked

Kind = Literal["platt", "temperature"]

SMALLEST_SLOPE, LARGEST_SLOPE = 1e-3, 1e3
"""Bounds of the slope over scores of unit spread: above zero, so that the order of raw scores is kept."""


@dataclass(frozen=True)
class Calibration:
    """probability = 1 / (1 + exp(−(slope · raw + intercept))), with slope > 0."""

    kind: Kind
    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not (self.slope > 0 and np.isfinite([self.slope, self.intercept]).all()):
            raise EvaluationError(
                f"calibration has slope {self.slope} and intercept {self.intercept}, expected finite numbers and a "
                "slope above 0. Fit the router again: dvc repro --force train"
            )

    def apply(self, raw: ArrayLike) -> Floats:
        """Probabilities in [0, 1] of raw scores, shape (n,), in the same order."""
        return np.asarray(np.exp(-np.logaddexp(0.0, -(self.slope * np.asarray(raw, np.float64) + self.intercept))))

    def to_json(self) -> dict[str, Any]:
        """The parameters as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Calibration":
        """What `to_json` wrote."""
        return cls(value["kind"], float(value["slope"]), float(value["intercept"]))


def fit_calibration(raw: ArrayLike, needs_strong: ArrayLike, kind: Kind) -> Calibration:
    """Fit by maximum likelihood on queries that the router was not trained on.

    `platt` fits slope and intercept (Platt 1999), `temperature` the slope alone, for raw scores that are logits already
    (Guo et al., arXiv 1706.04599). Both use Platt's smoothed targets, so that one class alone, or classes that a
    threshold parts, still have a finite fit. Where higher raw scores go with fewer events, the slope is the smallest
    allowed: nearly one probability for all, in the raw scores' order.

    Args:
        raw: shape (n,), any finite numbers.
        needs_strong: shape (n,), true where gain > 0.
        kind: "platt" or "temperature".

    Raises:
        EvaluationError: an array is empty, not finite or of another length.
    """
    scores = checked(raw, "raw")
    events = checked(needs_strong, "needs_strong", n=len(scores), low=0.0, high=1.0) > 0
    if kind == "platt":
        shift, scale = float(scores.mean()), _spread(scores - scores.mean(), scores)
    else:
        shift, scale = 0.0, _spread(scores, scores)
    slope, intercept = _maximise_likelihood((scores - shift) / scale, _targets(events), kind == "platt")
    return Calibration(kind, slope / scale, intercept - slope * shift / scale)


def _spread(centred: Floats, scores: Floats) -> float:
    spread = float(np.sqrt(np.mean(centred**2)))
    return spread if spread > 1e-12 * max(1.0, float(np.abs(scores).max())) else 1.0


def _targets(events: Floats | Any) -> Floats:
    """Platt's targets: each class counts one imagined query of the other more."""
    positive = int(events.sum())
    negative = len(events) - positive
    return np.where(events, (positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0))


def _maximise_likelihood(scores: Floats, targets: Floats, with_intercept: bool) -> tuple[float, float]:
    from scipy.optimize import minimize

    def loss(parameters: Floats) -> tuple[float, Floats]:
        logits = parameters[0] * scores + parameters[1]
        residual = np.exp(-np.logaddexp(0.0, -logits)) - targets
        value = np.mean(np.logaddexp(0.0, logits) - targets * logits)
        return float(value), np.array([np.mean(residual * scores), np.mean(residual)])

    bounds = [(SMALLEST_SLOPE, LARGEST_SLOPE), (None, None) if with_intercept else (0.0, 0.0)]
    tight = {"ftol": 1e-14, "gtol": 1e-10, "maxiter": 1000}
    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds, options=tight)
    return float(found.x[0]), float(found.x[1])
