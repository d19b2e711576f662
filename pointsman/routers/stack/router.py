"""The stack: a linear model and a forest on a query's surface and frozen embedding. Scoring imports numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pointsman.routers import calibration, fitting
from pointsman.routers.base import Floats, Scored
from pointsman.routers.files import RouterError, read_arrays, read_manifest, write_arrays, write_manifest
from pointsman.routers.fitting import Embed, FitContext, FitData, embeddings_of
from pointsman.routers.stack import features, forest
from pointsman.routers.stack.features import Features
from pointsman.routers.stack.forest import Forest
from pointsman.routers.stack.surface import surface

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 10  # train queries
ALIKE = 1e-9  # spread of predicted gains, which lie between -1 and 1
INNER_FOLDS = 4  # of train, for predictions that are not fitted
PENALTIES = np.logspace(0, 5, 11)  # of the ridge regression; the best by leave-one-out is taken


@dataclass(frozen=True)
class StackRouter:
    """Mean of the members' predicted gains, each in units of its spread.

    Members with equal votes need no second fit: with a few hundred labels, fitted weights were no better
    (docs/adr/0004-stack.md).
    """

    features: Features
    coefficients: Floats  # shape (surface + d,): of the linear member
    intercept: float
    forest: Forest
    spreads: tuple[float, float]  # of the linear member and the forest, on queries that they were not fitted on
    calibration: calibration.Calibration
    embed: Embed | None = None
    name: str = "stack"

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:
        """Score queries; with embeddings (n, d) the encoder is not called.

        Raises:
            RouterError: there are neither embeddings nor an encoder.
        """
        raw = self.mix(texts, embeddings_of(texts, embeddings, self.embed, self.name))
        return Scored(self.calibration.apply(raw), raw, np.zeros(len(raw)))

    def mix(self, texts: Sequence[str], embeddings: NDArray[np.float32]) -> Floats:
        """Raw scores, shape (n,), of texts and their unit vectors, shape (n, d)."""
        members = zip(self.members(texts, embeddings), self.spreads, strict=True)
        return np.asarray(np.mean([predicted / spread for predicted, spread in members], axis=0))

    def members(self, texts: Sequence[str], embeddings: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Gain that the linear member and the forest predict, each of shape (n,)."""
        looks = surface(texts)
        linear = self.features.linear(looks, embeddings) @ self.coefficients + self.intercept
        return linear, self.forest.predict(self.features.forest(looks, embeddings))

    def save(self, folder: Path) -> None:
        """Write router.json and arrays.safetensors."""
        write_arrays(folder, self.features.arrays() | self.forest.arrays() | {"linear.coefficients": self.coefficients})
        manifest = {"router": self.name, "intercept": self.intercept, "spreads": list(self.spreads)}
        write_manifest(folder, manifest | {"calibration": self.calibration.to_json()})


def fit(data: FitData, context: FitContext) -> StackRouter:
    """Fit both members on train; spreads and calibration come from predictions of queries that were not fitted on.

    Those are validation's, and out-of-fold ones of train, where validation alone is a noisy measure.

    Raises:
        RouterError: train has fewer than ten queries.
    """
    if len(data.train) < FEWEST:
        raise RouterError(f"train has {len(data.train)} queries, expected {FEWEST} or more to fit the stack")
    router = _fit_members(data.train, data.train_embeddings, context)
    parts = [_Unseen(router.members(fitting.texts(data.validation), data.validation_embeddings), data.validation)]
    part_of = np.random.default_rng(context.seed).permutation(len(data.train)) % INNER_FOLDS
    for part in range(INNER_FOLDS):
        tested, rest = data.train[part_of == part], data.train[part_of != part]
        inner = _fit_members(rest, data.train_embeddings[part_of != part], context)
        parts.append(_Unseen(inner.members(fitting.texts(tested), data.train_embeddings[part_of == part]), tested))
    linear, trees = (np.concatenate([unseen.members[member] for unseen in parts]) for member in (0, 1))
    event = np.concatenate([fitting.events(unseen.table) for unseen in parts])
    spreads = (_spread(linear), _spread(trees))
    fitted = calibration.fit("platt", (linear / spreads[0] + trees / spreads[1]) / 2, event)
    return replace(router, spreads=spreads, calibration=fitted)


def load(folder: Path, embed: Embed | None = None) -> StackRouter:
    """Read a saved stack; `embed` serves texts that come without embeddings."""
    manifest, arrays = read_manifest(folder), read_arrays(folder)
    linear, trees = manifest["spreads"]
    return StackRouter(
        features=Features.from_arrays(arrays),
        coefficients=arrays["linear.coefficients"],
        intercept=float(manifest["intercept"]),
        forest=Forest.from_arrays(arrays),
        spreads=(float(linear), float(trees)),
        calibration=calibration.Calibration.from_json(manifest["calibration"]),
        embed=embed,
    )


def _spread(predicted: Floats) -> float:
    """Standard deviation; 1 where all are alike but for rounding."""
    spread = float(predicted.std())
    return spread if spread > ALIKE else 1.0


class _Unseen(NamedTuple):
    """What members predicted of queries that they were not fitted on."""

    members: tuple[Floats, Floats]
    table: pd.DataFrame


def _fit_members(train: pd.DataFrame, vectors: NDArray[np.float32], context: FitContext) -> StackRouter:
    """A stack whose spreads and calibration are still to be found."""
    from sklearn.linear_model import RidgeCV

    texts, settings = fitting.texts(train), context.router.stack
    made, looks = features.fit(texts, vectors), surface(texts)
    grown = forest.fit(
        made.forest(looks, vectors),
        np.asarray(train[["weak_score", "strong_score"]], dtype=np.float64),
        trees=settings.trees,
        leaf=settings.leaf_queries,
        share=settings.feature_share,
        seed=context.seed,
    )
    linear = RidgeCV(alphas=PENALTIES).fit(made.linear(looks, vectors), fitting.gains(train))
    coefficients, intercept = np.asarray(linear.coef_, dtype=np.float64), float(linear.intercept_)
    return StackRouter(made, coefficients, intercept, grown, (1.0, 1.0), calibration.NONE, context.embed)
