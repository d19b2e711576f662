"""The nearest train queries as a member of the stack: what they gained, on average."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats
from pointsman.routers.files import Stored


@dataclass(frozen=True)
class Neighbours(Stored):
    """Train queries, to be looked up by the direction of their state's principal axes."""

    directions: NDArray[np.float32]  # shape (train, k), unit length
    gains: NDArray[np.float32]  # shape (train,)
    count: NDArray[np.int32]  # shape (1,): how many vote

    def predict(self, axes: Floats) -> Floats:
        """Mean gain, shape (n,), of the train queries that are nearest by cosine to axes, shape (n, k)."""
        similarity = _directions(axes) @ self.directions.T
        nearest = np.argpartition(-similarity, int(self.count[0]) - 1, axis=1)[:, : int(self.count[0])]
        return np.asarray(self.gains[nearest].mean(axis=1, dtype=np.float64))


def fit(axes: Floats, gains: Floats, count: int) -> Neighbours:
    """Remember train: axes, shape (n, k), and gains, shape (n,); `count` of them vote, but at most a fifth."""
    voting = min(count, max(1, len(gains) // 5))
    return Neighbours(_directions(axes), gains.astype(np.float32), np.array([voting], dtype=np.int32))


def _directions(axes: Floats) -> NDArray[np.float32]:
    length = np.linalg.norm(axes, axis=1, keepdims=True)
    return np.asarray(axes / np.where(length > 0, length, 1.0), dtype=np.float32)
