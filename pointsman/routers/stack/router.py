"""The stack: what three simple models make of a query's surface and of the lowest layers of a frozen encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman.routers import calibration, fitting
from pointsman.routers.base import Scored
from pointsman.routers.files import RouterError, read_manifest, write_arrays, write_manifest
from pointsman.routers.fitting import Embed, FitContext, FitData, embeddings_of
from pointsman.routers.stack import head
from pointsman.routers.stack.members import Known, fit_members, fit_votes
from pointsman.routers.stack.surface import surface

FEWEST = 10  # train queries: fewer cannot be left out by folds


@dataclass(frozen=True)
class StackRouter:
    """Three members that predict the gain, their weighted sum, and what turns it into a probability."""

    head: head.StackHead
    embed: Embed | None
    calibration: calibration.Calibration = calibration.NONE
    name: str = "stack"

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:  # noqa: ARG002
        """Score queries from their text; its encoder is not the one that others share.

        Raises:
            RouterError: it was loaded without its encoder.
        """
        raw = self.head.mix(texts, embeddings_of(texts, None, self.embed, self.name))
        return Scored(self.calibration.apply(raw), raw, np.zeros(len(raw)))

    def save(self, folder: Path) -> None:
        """Write arrays.safetensors and router.json."""
        write_arrays(folder, self.head.arrays())
        write_manifest(folder, {"router": self.name, "calibration": self.calibration.to_json()})


def fit(data: FitData, context: FitContext) -> StackRouter:
    """Fit each member on train, then calibrate their sum on validation.

    Raises:
        RouterError: there is no encoder, or train has fewer than ten rows.
    """
    if len(data.train) < FEWEST:
        raise RouterError(f"train has {len(data.train)} queries, expected {FEWEST} or more to fit the stack")
    settings, texts = context.router.stack, fitting.texts(data.train)
    states = embeddings_of(texts, None, context.embed, "stack")
    scores = np.asarray(data.train[["weak_score", "strong_score"]], dtype=np.float64)
    train = Known(surface(texts), states, scores)
    members, votes = fit_members(train, settings, context.seed), fit_votes(train, settings, context.seed)
    router = StackRouter(head.StackHead(members, votes), context.embed)
    raw = router.scores(fitting.texts(data.validation)).raw
    return replace(router, calibration=calibration.fit("platt", raw, fitting.events(data.validation)))


def load(folder: Path, embed: Embed | None = None) -> StackRouter:
    """Read a saved stack; `embed` is its encoder.

    Raises:
        RouterError: a file is missing or damaged.
    """
    manifest = read_manifest(folder, "dvc repro train@stack")
    return StackRouter(head.load(folder), embed, calibration.Calibration.from_json(manifest["calibration"]))
