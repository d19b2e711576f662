"""Fits the stack's members, and finds how much each of them counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats
from pointsman.routers.stack import features, forest, neighbours
from pointsman.routers.stack.head import MEMBERS, Members

if TYPE_CHECKING:
    from pointsman.config.routers import StackConfig

PENALTIES = np.logspace(0, 5, 11)  # of the ridge regression; the best by leave-one-out is taken
FOLDS = 5
# Equal votes count as so many queries: a few labels tell little of who is right, and many of train's kind alone.
EQUALITY = 300
LEAST_VARIANCE = 1e-6  # of predicted gains, so that there is a vote where nothing is predicted


class Known(NamedTuple):
    """Train queries: what is read of them, and what they scored."""

    looks: Floats  # shape (n, surface)
    states: NDArray[np.float32]  # shape (n, d)
    scores: Floats  # shape (n, 2): of the weak and of the strong model's answer

    @property
    def gains(self) -> Floats:
        """Shape (n,)."""
        return np.asarray(self.scores[:, 1] - self.scores[:, 0])

    def take(self, rows: NDArray[np.bool_]) -> Known:
        """Some of them."""
        return Known(self.looks[rows], self.states[rows], self.scores[rows])


def fit_members(train: Known, settings: StackConfig, seed: int) -> Members:
    """Fit each member alone."""
    from sklearn.linear_model import RidgeCV

    made = features.fit(train.looks, train.states)
    axes = made.axes(train.states)
    linear = RidgeCV(alphas=PENALTIES).fit(made.linear(train.looks, train.states), train.gains)
    grown = forest.fit(
        np.hstack([train.looks, axes]),
        train.scores,
        trees=settings.trees,
        depth=settings.depth,
        leaf=settings.leaf_queries,
        share=settings.feature_share,
        seed=seed,
    )
    return Members(
        features=made,
        coefficients=np.append(linear.coef_, linear.intercept_),
        forest=grown,
        neighbours=neighbours.fit(axes, train.gains, settings.neighbours),
    )


def fit_votes(train: Known, settings: StackConfig, seed: int) -> Floats:
    """Weight of each of MEMBERS, shape (3,), from predictions on folds that the members did not see.

    Stacked regressions (Breiman, 1996): non-negative least squares, here with a ridge penalty on what differs from
    equal votes.
    """
    from scipy.optimize import nnls

    predicted = _out_of_fold(train, settings, seed)
    centred, gains = predicted - predicted.mean(axis=0), train.gains - train.gains.mean()
    variance = max(float(centred.std(axis=0).mean()) ** 2, LEAST_VARIANCE)
    pull = np.sqrt(EQUALITY * variance) * np.eye(centred.shape[1])
    weights, _ = nnls(np.vstack([centred, pull]), np.append(gains, pull.mean(axis=1)))
    return np.asarray(weights)


def _out_of_fold(train: Known, settings: StackConfig, seed: int) -> Floats:
    """What each member predicts, shape (n, 3), of each query when fitted on the other folds."""
    folds = np.random.default_rng(seed).permutation(len(train.looks)) % FOLDS
    predicted = np.empty((len(folds), len(MEMBERS)))
    for fold in range(FOLDS):
        left_out = folds == fold
        members = fit_members(train.take(~left_out), settings, seed)
        predicted[left_out] = members.predict(train.looks[left_out], train.states[left_out])
    return predicted
