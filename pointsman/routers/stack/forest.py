"""Extremely randomised trees (Geurts et al., 2006) as arrays: scikit-learn fits them, numpy alone scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats
from pointsman.routers.files import Stored


@dataclass(frozen=True)
class Forest(Stored):
    """All trees' nodes, level by level from the roots, so that the two children of a node are neighbours.

    A leaf is its own left child, and nothing goes right there.
    """

    feature: NDArray[np.int64]  # shape (nodes,): what is compared
    threshold: NDArray[np.float32]  # shape (nodes,): right if and only if the feature is above this
    left: NDArray[np.int64]  # shape (nodes,): row of the left child; the right one is in the next
    value: NDArray[np.float32]  # shape (nodes,): predicted gain
    size: NDArray[np.int32]  # shape (2,): trees, whose roots are the first rows, and levels below them

    def predict(self, features: Floats) -> Floats:
        """Predicted gain, shape (n,), of features, shape (n, k): the trees' mean."""
        trees, levels = self.size.tolist()
        rows = features.astype(np.float32)  # as scikit-learn compares them
        start = np.repeat(np.arange(len(rows)) * features.shape[1], trees)  # of each node's row in `rows`
        nodes = np.tile(np.arange(trees), len(rows))
        for _ in range(levels):
            goes_right = rows.take(start + self.feature.take(nodes)) > self.threshold.take(nodes)
            nodes = self.left.take(nodes) + goes_right
        return np.asarray(self.value.take(nodes).reshape(len(rows), trees).mean(axis=1, dtype=np.float64))


def fit(features: Floats, scores: Floats, *, trees: int, depth: int, leaf: int, share: float, seed: int) -> Forest:
    """Fit trees that split where both models' scores, shape (n, 2): weak, strong, become purer together.

    Args:
        features: shape (n, k).
        scores: what each model's answer scored; their difference is what a leaf predicts.
        trees: how many.
        depth: most splits between root and leaf.
        leaf: fewest queries in a leaf.
        share: of the features that are tried at a split.
        seed: of the random splits; equal seeds give equal trees.
    """
    from sklearn.ensemble import ExtraTreesRegressor

    fitted: Any = ExtraTreesRegressor(
        trees, max_depth=depth, min_samples_leaf=leaf, max_features=share, random_state=seed, n_jobs=-1
    ).fit(features, scores)
    parts = [estimator.tree_ for estimator in fitted.estimators_]
    roots = np.cumsum([0, *(part.node_count for part in parts)])[:-1]
    pairs = [np.stack([part.children_left, part.children_right], axis=1) for part in parts]
    children = np.concatenate([np.where(pair < 0, -1, root + pair) for pair, root in zip(pairs, roots, strict=True)])
    levels = _levels(roots, children)
    order = np.concatenate(levels)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    left = children[order, 0]
    is_leaf = left < 0
    threshold = np.concatenate([part.threshold for part in parts])[order]
    value = np.concatenate([part.value[:, 1, 0] - part.value[:, 0, 0] for part in parts])[order]
    return Forest(
        feature=np.maximum(np.concatenate([part.feature for part in parts])[order], 0).astype(np.int64),
        threshold=np.where(is_leaf, np.float32(np.inf), _rounded_down(threshold)),
        left=np.where(is_leaf, np.arange(len(order)), place[left]).astype(np.int64),
        value=value.astype(np.float32),
        size=np.array([trees, len(levels) - 1], dtype=np.int32),
    )


def _levels(roots: NDArray[np.int64], children: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rows of all trees' nodes, level by level; children, shape (nodes, 2), are -1 where a node is a leaf."""
    levels = [roots]
    below = children[roots].ravel()
    while len(below := below[below >= 0]):
        levels.append(below)
        below = children[below].ravel()
    return levels


def _rounded_down(values: Floats) -> NDArray[np.float32]:
    """The largest float32 that is at most each value: a float32 is above the one if and only if above the other."""
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)
