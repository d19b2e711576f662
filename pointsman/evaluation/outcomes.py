"""What routing is judged against: both models' scores and costs on the same queries."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pointsman.errors import PointsmanError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class EvaluationError(PointsmanError):
    """Numbers that cannot be evaluated: not finite, out of range, of different lengths, or none at all."""


@dataclass(frozen=True)
class Outcomes:
    """What both models scored and cost on n queries, row by row; checked when made.

    All arrays have shape (n,); scores lie in [0, 1], costs are 0 or more, all in one unit.

    Raises:
        EvaluationError: names the array and the first index that is wrong.
    """

    weak_score: Floats
    strong_score: Floats
    weak_cost: Floats
    strong_cost: Floats

    def __post_init__(self) -> None:
        rows = np.size(self.weak_score)
        for field in fields(self):
            high = 1.0 if field.name.endswith("_score") else None
            values = checked(getattr(self, field.name), field.name, n=rows, low=0.0, high=high)
            object.__setattr__(self, field.name, values)

    @property
    def n(self) -> int:
        """Number of queries."""
        return len(self.weak_score)

    @property
    def gain(self) -> Floats:
        """strong_score − weak_score, in [-1, 1]; fractional where scores are shares of checks."""
        return self.strong_score - self.weak_score

    @property
    def needs_strong(self) -> Bools:
        """The event whose probability a router gives: gain > 0."""
        return self.gain > 0

    def take(self, rows: Bools | NDArray[np.intp]) -> "Outcomes":
        """The outcomes of some rows, chosen by a mask or by indices."""
        return Outcomes(*(getattr(self, field.name)[rows] for field in fields(self)))


def checked(
    values: ArrayLike, name: str, *, n: int | None = None, low: float | None = None, high: float | None = None
) -> Floats:
    """Values as a float array of shape (n,), all finite and within [low, high].

    Raises:
        EvaluationError: names the array and the first index that is wrong.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or (n is not None and array.size != n):
        rows = "at least one value" if n is None or n == 0 else f"{n} values, one a query"
        raise EvaluationError(f"{name} has shape {array.shape}, expected {rows}. {_MEND}")
    _refuse(array, ~np.isfinite(array), name, "a finite number")
    if low is not None:
        _refuse(array, array < low, name, f"{low:g} or more")
    if high is not None:
        _refuse(array, array > high, name, f"{high:g} or less")
    return array


_MEND = "Look at the table that it comes from, then run: dvc repro"


def _refuse(array: Floats, wrong: Bools, name: str, expected: str) -> None:
    if wrong.any():
        index = int(np.argmax(wrong))
        raise EvaluationError(f"{name}[{index}] is {array[index]}, expected {expected}. {_MEND}")
