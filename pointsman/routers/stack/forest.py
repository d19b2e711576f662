"""Extremely randomised trees (Geurts et al., 2006) as arrays: scikit-learn fits them, numpy alone scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats
from pointsman.routers.files import Arrays

LEAF = -2  # scikit-learn's feature number of a leaf


@dataclass(frozen=True)
class Forest:
    """All trees' nodes in one row each; children are row numbers."""

    feature: NDArray[np.int16]  # shape (nodes,): what is compared, or LEAF
    threshold: NDArray[np.float64]  # shape (nodes,): left if and only if the feature is at most this
    left: NDArray[np.int32]  # shape (nodes,)
    right: NDArray[np.int32]  # shape (nodes,)
    value: NDArray[np.float32]  # shape (nodes,): predicted gain
    roots: NDArray[np.int32]  # shape (trees,)

    def predict(self, features: Floats) -> Floats:
        """Predicted gain, shape (n,), of features, shape (n, k): the trees' mean."""
        rows = features.astype(np.float32)  # as scikit-learn compares them
        nodes = np.tile(self.roots, len(rows))
        row = np.repeat(np.arange(len(rows)), len(self.roots))
        inner = np.flatnonzero(self.feature[nodes] != LEAF)
        while len(inner):
            here = nodes[inner]
            is_left = rows[row[inner], self.feature[here]] <= self.threshold[here]
            nodes[inner] = np.where(is_left, self.left[here], self.right[here])
            inner = inner[self.feature[nodes[inner]] != LEAF]
        return np.asarray(self.value[nodes].reshape(len(rows), -1).mean(axis=1, dtype=np.float64))

    def arrays(self) -> Arrays:
        """What `from_arrays` reads."""
        return {f"forest.{name}": value for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Forest:
        """Read what `arrays` gave."""
        return cls(**{name: arrays[f"forest.{name}"] for name in cls.__dataclass_fields__})


def fit(features: Floats, scores: Floats, *, trees: int, leaf: int, share: float, seed: int) -> Forest:
    """Fit trees that split where both models' scores, shape (n, 2): weak, strong, become purer together.

    Args:
        features: shape (n, k).
        scores: what each model's answer scored; their difference is what a leaf predicts.
        trees: how many.
        leaf: fewest queries in a leaf.
        share: of the features that are tried at a split.
        seed: of the random splits; equal seeds give equal trees.
    """
    from sklearn.ensemble import ExtraTreesRegressor

    fitted: Any = ExtraTreesRegressor(
        trees, min_samples_leaf=leaf, max_features=share, random_state=seed, n_jobs=-1
    ).fit(features, scores)
    parts = [estimator.tree_ for estimator in fitted.estimators_]
    roots = np.cumsum([0, *(part.node_count for part in parts)])[:-1]
    return Forest(
        feature=np.concatenate([part.feature for part in parts]).astype(np.int16),
        threshold=np.concatenate([part.threshold for part in parts]),
        left=_children([part.children_left for part in parts], roots),
        right=_children([part.children_right for part in parts], roots),
        value=np.concatenate([part.value[:, 1, 0] - part.value[:, 0, 0] for part in parts]).astype(np.float32),
        roots=roots.astype(np.int32),
    )


def _children(parts: list[NDArray[np.int64]], roots: NDArray[np.int64]) -> NDArray[np.int32]:
    return np.concatenate([part + root for part, root in zip(parts, roots, strict=True)]).astype(np.int32)
