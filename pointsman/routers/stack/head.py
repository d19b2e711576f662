"""What the stack makes of a query's text and state; imports numpy alone, for serving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats
from pointsman.routers.files import Arrays, read_arrays
from pointsman.routers.stack.features import Features
from pointsman.routers.stack.forest import Forest
from pointsman.routers.stack.neighbours import Neighbours
from pointsman.routers.stack.surface import surface

MEMBERS = ("linear", "forest", "neighbours")


@dataclass(frozen=True)
class Members:
    """Three models of the gain, by the surface and the state."""

    features: Features
    coefficients: Floats  # shape (surface + d + 1,): of the linear member; the last is its intercept
    forest: Forest
    neighbours: Neighbours

    def predict(self, looks: Floats, states: NDArray[np.float32]) -> Floats:
        """Gain that each predicts, shape (n, 3), of surface features, shape (n, surface), and states, shape (n, d)."""
        axes = self.features.axes(states)
        linear = self.features.linear(looks, states) @ self.coefficients[:-1] + self.coefficients[-1]
        forest = self.forest.predict(np.hstack([looks, axes]))
        return np.stack([linear, forest, self.neighbours.predict(axes)], axis=1)


@dataclass(frozen=True)
class StackHead:
    """Weighted sum of the gains that the members predict."""

    members: Members
    votes: Floats  # shape (3,): weight of each of MEMBERS

    def mix(self, texts: Sequence[str], states: NDArray[np.float32]) -> Floats:
        """Raw scores, shape (n,), of texts and their states, shape (n, d)."""
        return np.asarray(self.members.predict(surface(texts), states) @ self.votes)

    def arrays(self) -> Arrays:
        """For arrays.safetensors."""
        members = self.members
        parts = (members.features, members.forest, members.neighbours)
        named = {name: array for part in parts for name, array in part.arrays().items()}
        return named | {"linear.coefficients": members.coefficients, "votes": self.votes}


def load(folder: Path) -> StackHead:
    """Read a saved stack, but for its encoder."""
    arrays = read_arrays(folder)
    members = Members(
        Features.from_arrays(arrays),
        arrays["linear.coefficients"],
        Forest.from_arrays(arrays),
        Neighbours.from_arrays(arrays),
    )
    return StackHead(members, arrays["votes"])
