"""Extremely randomised trees (Geurts et al., 2006) as arrays: scikit-learn fits them, numpy alone scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats
from pointsman.routers.files import Arrays


@dataclass(frozen=True)
class Forest:
    """All trees' nodes in one row each; children are row numbers, and a leaf's child is the leaf itself."""

    feature: NDArray[np.int32]  # shape (nodes,): what is compared
    threshold: NDArray[np.float64]  # shape (nodes,): left if and only if the feature is at most this
    children: NDArray[np.int32]  # shape (2 · nodes,): of each node the left and the right one
    value: NDArray[np.float32]  # shape (nodes,): predicted gain
    roots: NDArray[np.int32]  # shape (trees,)

    def predict(self, features: Floats) -> Floats:
        """Predicted gain, shape (n,), of features, shape (n, k): the trees' mean."""
        rows = features.astype(np.float32)  # as scikit-learn compares them
        start = np.repeat(np.arange(len(rows)) * features.shape[1], len(self.roots))  # of each node's row in `rows`
        before, nodes = None, np.tile(self.roots, len(rows))
        while before is None or not np.array_equal(before, nodes):
            is_right = rows.take(start + self.feature.take(nodes)) > self.threshold.take(nodes)
            before, nodes = nodes, self.children.take(2 * nodes + is_right)
        return np.asarray(self.value.take(nodes).reshape(len(rows), -1).mean(axis=1, dtype=np.float64))

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
        feature=np.concatenate([np.maximum(part.feature, 0) for part in parts]).astype(np.int32),
        threshold=np.concatenate([part.threshold for part in parts]),
        children=np.concatenate([root + _children(part) for part, root in zip(parts, roots, strict=True)]).astype(
            np.int32
        ),
        value=np.concatenate([part.value[:, 1, 0] - part.value[:, 0, 0] for part in parts]).astype(np.float32),
        roots=roots.astype(np.int32),
    )


def _children(tree: Any) -> NDArray[np.int64]:
    """Left and right child of each node in turn, shape (2 · nodes,); scikit-learn gives -1 for those of a leaf."""
    pairs = np.stack([tree.children_left, tree.children_right], axis=1)
    itself = np.arange(len(pairs))[:, None]
    return np.asarray(np.where(pairs < 0, itself, pairs).ravel())
