"""The BERT router: predicted score of strong less predicted score of weak, calibrated on validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman.routers import calibration, fitting
from pointsman.routers.base import Scored
from pointsman.routers.bert import encoder as tuned
from pointsman.routers.bert.scoring import HEADS, raw_scores
from pointsman.routers.bert.train import is_main_process
from pointsman.routers.files import RouterError, read_manifest, write_manifest
from pointsman.routers.fitting import FitContext, FitData


@dataclass(frozen=True)
class BertRouter:
    """A fine-tuned encoder, and what turns the predicted gain into a probability."""

    encoder: tuned.TunedEncoder
    calibration: calibration.Calibration
    name: str = "bert"

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:  # noqa: ARG002
        """Score queries from their text."""
        raw = raw_scores(self.encoder.predict(texts))
        return Scored(self.calibration.apply(raw), raw, np.zeros(len(raw)))

    def save(self, folder: Path) -> None:
        """Write the encoder's files and router.json; of several processes, the first writes."""
        if not is_main_process():
            return
        self.encoder.save(folder)
        values = {"router": self.name, "max_tokens": self.encoder.max_tokens, "heads": list(HEADS)}
        write_manifest(folder, values | {"calibration": self.calibration.to_json()})


def fit(data: FitData, context: FitContext) -> BertRouter:
    """Fine-tune `context.base` on train's texts and scores, then calibrate on validation.

    Raises:
        RouterError: there is no base, it cannot be loaded, or train has fewer than ten rows.
    """
    if context.base is None:
        raise RouterError("the bert router needs FitContext.base, the folder of its base encoder")
    config = context.router.bert
    encoder = tuned.fine_tune(data.train, context.base, config, seed=context.seed, quiet=context.quiet)
    raw = raw_scores(encoder.predict(fitting.texts(data.validation)))
    return BertRouter(encoder, calibration.fit(config.train.calibration, raw, fitting.events(data.validation)))


def load(folder: Path) -> BertRouter:
    """Read a saved BERT router.

    Raises:
        RouterError: a file is missing or damaged.
    """
    manifest = read_manifest(folder, "dvc repro train@bert")
    encoder = tuned.load(folder, int(manifest["max_tokens"]))
    return BertRouter(encoder, calibration.Calibration.from_json(manifest["calibration"]))
