"""The stack: a linear model and a forest on a query's surface and frozen embedding, and a fine-tuned encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman.routers import calibration, fitting
from pointsman.routers.base import Floats, Scored
from pointsman.routers.files import RouterError, read_manifest, write_arrays, write_manifest
from pointsman.routers.fitting import Embed, FitContext, FitData, embeddings_of
from pointsman.routers.stack import features, forest, head
from pointsman.routers.stack.surface import surface
from pointsman.routers.tuned import encoder as tuned
from pointsman.routers.tuned.train import is_main_process

ALIKE = 1e-9  # spread of predicted gains, which lie between -1 and 1
PENALTIES = np.logspace(0, 5, 11)  # of the ridge regression; the best by leave-one-out is taken


@dataclass(frozen=True)
class StackRouter:
    """Three members that predict the gain, their mean, and what turns it into a probability."""

    head: head.StackHead
    encoder: tuned.TunedEncoder
    calibration: calibration.Calibration
    embed: Embed | None = None
    name: str = "stack"

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:
        """Score queries; with embeddings (n, d) the frozen encoder is not called, the fine-tuned one is.

        Raises:
            RouterError: there are neither embeddings nor an encoder for them.
        """
        raw = self.head.mix(texts, self.rows(texts, embeddings))
        return Scored(self.calibration.apply(raw), raw, np.zeros(len(raw)))

    def rows(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Embedding and predicted scores of each query, shape (n, d + 2)."""
        frozen = embeddings_of(texts, embeddings, self.embed, self.name)
        return np.hstack([frozen, self.encoder.predict(texts).astype(np.float32)])

    def save(self, folder: Path) -> None:
        """Write the encoder's files, arrays.safetensors and router.json; of several processes, the first writes."""
        if not is_main_process():
            return
        self.encoder.save(folder)
        write_arrays(folder, self.head.arrays())
        values = {"router": self.name, "max_tokens": self.encoder.max_tokens, **self.head.settings()}
        write_manifest(folder, values | {"calibration": self.calibration.to_json()})


def fit(data: FitData, context: FitContext) -> StackRouter:
    """Fit each member on train; their spreads and the calibration come from their predictions of validation.

    Raises:
        RouterError: there is no base, it cannot be loaded, or train has fewer than ten rows.
    """
    if context.base is None:
        raise RouterError("the stack needs FitContext.base, the folder of the frozen encoder")
    train = context.router.stack.train
    encoder = tuned.fine_tune(
        data.train, context.base, train, max_tokens=context.embedder.max_tokens, seed=context.seed, quiet=context.quiet
    )
    unscaled = StackRouter(_fit_head(data, context), encoder, calibration.NONE, context.embed)
    texts = fitting.texts(data.validation)
    members = unscaled.head.members(texts, unscaled.rows(texts, data.validation_embeddings))
    linear, grown, tuned_gain = (_spread(gain) for gain in members)
    spreads = (linear, grown, tuned_gain)
    fitted = calibration.fit(train.calibration, head.mix(members, spreads), fitting.events(data.validation))
    return replace(unscaled, head=replace(unscaled.head, spreads=spreads), calibration=fitted)


def load(folder: Path, embed: Embed | None = None) -> StackRouter:
    """Read a saved stack; `embed` serves texts that come without embeddings.

    Raises:
        RouterError: a file is missing or damaged.
    """
    manifest = read_manifest(folder, "dvc repro train@stack")
    encoder = tuned.load(folder, int(manifest["max_tokens"]))
    fitted = calibration.Calibration.from_json(manifest["calibration"])
    return StackRouter(head.load(folder), encoder, fitted, embed)


def _spread(predicted: Floats) -> float:
    """Standard deviation; 1 where all are alike but for rounding."""
    spread = float(predicted.std())
    return spread if spread > ALIKE else 1.0


def _fit_head(data: FitData, context: FitContext) -> head.StackHead:
    """The members that need no fine-tuning; their spreads are still to be found."""
    from sklearn.linear_model import RidgeCV

    train, vectors, settings = data.train, data.train_embeddings, context.router.stack
    looks = surface(fitting.texts(train))
    made = features.fit(looks, vectors)
    grown = forest.fit(
        made.forest(looks, vectors),
        np.asarray(train[["weak_score", "strong_score"]], dtype=np.float64),
        trees=settings.trees,
        leaf=settings.leaf_queries,
        share=settings.feature_share,
        seed=context.seed,
    )
    linear = RidgeCV(alphas=PENALTIES).fit(made.linear(looks, vectors), fitting.gains(train))
    return head.StackHead(made, np.asarray(linear.coef_, dtype=np.float64), float(linear.intercept_), grown)
