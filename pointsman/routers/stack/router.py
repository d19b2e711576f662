"""The stack: a fine-tuned encoder, and what three simple models make of the surface and the encoder's frozen layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman.routers import calibration, fitting
from pointsman.routers.base import Scored
from pointsman.routers.files import RouterError, read_manifest, write_arrays, write_manifest
from pointsman.routers.fitting import FitContext, FitData
from pointsman.routers.stack import head
from pointsman.routers.stack.members import Known, fit_simple, fit_votes
from pointsman.routers.stack.surface import surface
from pointsman.routers.tuned import encoder as tuned
from pointsman.routers.tuned.scoring import HEADS
from pointsman.routers.tuned.train import is_main_process


@dataclass(frozen=True)
class StackRouter:
    """Four members that predict the gain, their weighted sum, and what turns it into a probability."""

    head: head.StackHead
    encoder: tuned.TunedEncoder
    frozen_layers: int  # after which the state is read that the simple models go by
    calibration: calibration.Calibration = calibration.NONE
    name: str = "stack"

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:  # noqa: ARG002
        """Score queries from their text."""
        raw = self.head.mix(texts, self.rows(texts))
        return Scored(self.calibration.apply(raw), raw, np.zeros(len(raw)))

    def rows(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """State after the frozen layers, and predicted scores, of each query; shape (n, d + 2)."""
        return self.encoder.read(texts, self.frozen_layers)

    def save(self, folder: Path) -> None:
        """Write the encoder's files, arrays.safetensors and router.json; of several processes, the first writes."""
        if not is_main_process():
            return
        self.encoder.save(folder)
        write_arrays(folder, self.head.arrays())
        values = {
            "router": self.name,
            "max_tokens": self.encoder.max_tokens,
            "frozen_layers": self.frozen_layers,
            "calibration": self.calibration.to_json(),
        }
        write_manifest(folder, values)


def fit(data: FitData, context: FitContext) -> StackRouter:
    """Fit each member on train, then calibrate their sum on validation.

    Raises:
        RouterError: there is no base, it cannot be loaded, no layer stays frozen, or train has fewer than ten rows.
    """
    settings = context.router.stack
    config, layers = settings.encoder, settings.encoder.train.frozen_layers
    if context.base is None:
        raise RouterError("the stack needs FitContext.base, the folder of its base encoder")
    if not layers:
        raise RouterError(
            "frozen_layers is 0, but the stack reads the layers that keep their weights, expected 1 or more. Set "
            "router.stack.encoder.train.frozen_layers, or leave stack out of `routers`"
        )
    encoder = tuned.fine_tune(data.train, context.base, config, seed=context.seed, quiet=context.quiet)
    texts, scores = fitting.texts(data.train), data.train[["weak_score", "strong_score"]]
    train = Known(surface(texts), encoder.read(texts, layers)[:, : -len(HEADS)], np.asarray(scores, dtype=np.float64))
    simple, votes = fit_simple(train, settings, context.seed), fit_votes(train, settings, context.seed)
    router = StackRouter(head.StackHead(simple, votes), encoder, layers)
    raw = router.scores(fitting.texts(data.validation)).raw
    fitted = calibration.fit(config.train.calibration, raw, fitting.events(data.validation))
    return replace(router, calibration=fitted)


def load(folder: Path) -> StackRouter:
    """Read a saved stack.

    Raises:
        RouterError: a file is missing or damaged.
    """
    manifest = read_manifest(folder, "dvc repro train@stack")
    encoder = tuned.load(folder, int(manifest["max_tokens"]))
    fitted = calibration.Calibration.from_json(manifest["calibration"])
    return StackRouter(head.load(folder), encoder, int(manifest["frozen_layers"]), fitted)
