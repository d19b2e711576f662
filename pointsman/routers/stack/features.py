"""What the stack's frozen members read of a query: its surface and its state in the encoder, scaled on train."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats
from pointsman.routers.files import Stored

COMPONENTS = 48  # of the state that trees and neighbours see: trees split on one number at a time
# The ridge penalty treats all columns alike. All of a state together then weigh as much as 24 surface features.
STATE_WEIGHT = 0.25
ALIKE = 1e-6  # states of unit length that are nearer to each other are equal


@dataclass(frozen=True)
class Features(Stored):
    """Columns of the members."""

    centre: Floats  # shape (surface,): mean on train
    spread: Floats  # shape (surface,): standard deviation on train; 1 where it is 0
    mean: NDArray[np.float32]  # shape (d,): mean state of train
    components: NDArray[np.float32]  # shape (d, k): principal axes of train's states
    length: Floats  # shape (1,): root mean square distance of train's states from their mean; 1 where it is 0

    def linear(self, looks: Floats, states: NDArray[np.float32]) -> Floats:
        """Shape (n, surface + d): surface features of unit spread, and the state."""
        weight = STATE_WEIGHT * np.sqrt(states.shape[1]) / self.length
        return np.hstack([(looks - self.centre) / self.spread, (states - self.mean) * weight])

    def axes(self, states: NDArray[np.float32]) -> Floats:
        """Shape (n, k): the state along its principal axes."""
        return np.asarray((states - self.mean) @ self.components, dtype=np.float64)


def fit(looks: Floats, states: NDArray[np.float32]) -> Features:
    """Scale of train's surface features, shape (n, surface), and scale and axes of its states, shape (n, d)."""
    from sklearn.decomposition import PCA

    spread = looks.std(axis=0)
    with np.errstate(invalid="ignore"):  # of states that are all alike, the shares of no variance
        axes = PCA(min(COMPONENTS, *states.shape), svd_solver="full").fit(states.astype(np.float64))
    length = float(np.sqrt(np.square(states - axes.mean_).sum(axis=1).mean()))
    return Features(
        centre=looks.mean(axis=0),
        spread=np.where(spread > 0, spread, 1.0),
        mean=axes.mean_.astype(np.float32),
        components=axes.components_.T.astype(np.float32),
        length=np.array([length if length > ALIKE else 1.0]),
    )
