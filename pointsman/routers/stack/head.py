"""What the stack makes of the encoder's rows; imports numpy alone, for serving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats
from pointsman.routers.files import Arrays, read_arrays, read_manifest
from pointsman.routers.stack.features import Features
from pointsman.routers.stack.forest import Forest
from pointsman.routers.stack.neighbours import Neighbours
from pointsman.routers.stack.surface import surface
from pointsman.routers.tuned.scoring import HEADS, raw_scores


class Members(NamedTuple):
    """Gains that each member predicts, shape (n,) each."""

    linear: Floats
    forest: Floats
    neighbours: Floats
    encoder: Floats


@dataclass(frozen=True)
class StackHead:
    """Mean of the gains that the members predict.

    A member that learned little predicts gains that differ little, and so counts little. Weights that were fitted on
    a few hundred labels were no better (docs/adr/0004-stack.md).
    """

    features: Features
    coefficients: Floats  # shape (surface + d,): of the linear member
    intercept: float
    forest: Forest
    neighbours: Neighbours

    def mix(self, texts: Sequence[str], rows: NDArray[np.float32]) -> Floats:
        """Raw scores, shape (n,), of texts and their rows: state and predicted scores, shape (n, d + 2)."""
        return np.asarray(np.mean(self.members(texts, rows), axis=0))

    def members(self, texts: Sequence[str], rows: NDArray[np.float32]) -> Members:
        """What each member predicts of texts and their rows, shape (n, d + 2)."""
        states, predicted = rows[:, : -len(HEADS)], rows[:, -len(HEADS) :]
        looks, axes = surface(texts), self.features.axes(states)
        return Members(
            linear=self.features.linear(looks, states) @ self.coefficients + self.intercept,
            forest=self.forest.predict(np.hstack([looks, axes])),
            neighbours=self.neighbours.predict(axes),
            encoder=raw_scores(predicted),
        )

    def arrays(self) -> Arrays:
        """For arrays.safetensors."""
        parts = (self.features, self.forest, self.neighbours)
        return {name: array for part in parts for name, array in part.arrays().items()} | {
            "linear.coefficients": self.coefficients
        }


def load(folder: Path) -> StackHead:
    """Read a saved stack, but for its encoder."""
    arrays = read_arrays(folder)
    return StackHead(
        features=Features.from_arrays(arrays),
        coefficients=arrays["linear.coefficients"],
        intercept=float(read_manifest(folder)["intercept"]),
        forest=Forest.from_arrays(arrays),
        neighbours=Neighbours.from_arrays(arrays),
    )
