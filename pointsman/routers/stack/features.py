"""What the stack's members read of a query: its surface and its frozen embedding, scaled on train."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats
from pointsman.routers.files import Arrays

COMPONENTS = 48  # of the embedding that trees see: they split on one number at a time
# The ridge penalty treats all columns alike. All of an embedding together then weigh as much as 24 surface features.
EMBEDDING_WEIGHT = 0.25


@dataclass(frozen=True)
class Features:
    """Columns of the linear member and of the trees."""

    centre: Floats  # shape (surface,): mean on train
    spread: Floats  # shape (surface,): standard deviation on train; 1 where it is 0
    mean: NDArray[np.float32]  # shape (d,): mean embedding of train
    components: NDArray[np.float32]  # shape (d, k): principal axes of train's embeddings

    def linear(self, looks: Floats, embeddings: NDArray[np.float32]) -> Floats:
        """Shape (n, surface + d): surface features of unit spread, and the embedding."""
        weight = EMBEDDING_WEIGHT * np.sqrt(embeddings.shape[1])
        return np.hstack([(looks - self.centre) / self.spread, embeddings * weight])

    def forest(self, looks: Floats, embeddings: NDArray[np.float32]) -> Floats:
        """Shape (n, surface + k): surface features, and the embedding along its principal axes."""
        return np.hstack([looks, (embeddings - self.mean) @ self.components])

    def arrays(self) -> Arrays:
        """What `from_arrays` reads."""
        return {f"features.{name}": value for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Features:
        """Read what `arrays` gave."""
        return cls(**{name: arrays[f"features.{name}"] for name in cls.__dataclass_fields__})


def fit(looks: Floats, embeddings: NDArray[np.float32]) -> Features:
    """Scale of train's surface features, shape (n, surface), and principal axes of its embeddings, shape (n, d)."""
    from sklearn.decomposition import PCA

    spread = looks.std(axis=0)
    with np.errstate(invalid="ignore"):  # of embeddings that are all alike, the shares of no variance
        axes = PCA(min(COMPONENTS, *embeddings.shape), svd_solver="full").fit(embeddings.astype(np.float64))
    return Features(
        centre=looks.mean(axis=0),
        spread=np.where(spread > 0, spread, 1.0),
        mean=axes.mean_.astype(np.float32),
        components=axes.components_.T.astype(np.float32),
    )
