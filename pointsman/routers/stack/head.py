"""What the stack computes of a query's text and its encoders' output; numpy alone, for serving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats
from pointsman.routers.files import Arrays, read_arrays, read_manifest
from pointsman.routers.stack.features import Features
from pointsman.routers.stack.forest import Forest
from pointsman.routers.stack.surface import surface
from pointsman.routers.tuned.scoring import HEADS, raw_scores


class Members(NamedTuple):
    """Gains that each member predicts, shape (n,) each."""

    linear: Floats
    forest: Floats
    encoder: Floats


@dataclass(frozen=True)
class StackHead:
    """Mean of the gains that the members predict, each in units of its spread.

    Equal votes need no second fit; with a few hundred labels, fitted ones were no better (docs/adr/0004-stack.md).
    """

    features: Features
    coefficients: Floats  # shape (surface + d,): of the linear member
    intercept: float
    forest: Forest
    spreads: tuple[float, float, float] = (1.0, 1.0, 1.0)  # of the members, on queries that they were not fitted on

    def mix(self, texts: Sequence[str], rows: NDArray[np.float32]) -> Floats:
        """Raw scores, shape (n,), of texts and their rows: embedding and predicted scores, shape (n, d + 2)."""
        return mix(self.members(texts, rows), self.spreads)

    def members(self, texts: Sequence[str], rows: NDArray[np.float32]) -> Members:
        """What each member predicts of texts and their rows, shape (n, d + 2)."""
        embeddings, predicted = rows[:, : -len(HEADS)], rows[:, -len(HEADS) :]
        looks = surface(texts)
        linear = self.features.linear(looks, embeddings) @ self.coefficients + self.intercept
        grown = self.forest.predict(self.features.forest(looks, embeddings))
        return Members(linear, grown, raw_scores(predicted))

    def arrays(self) -> Arrays:
        """For arrays.safetensors."""
        return self.features.arrays() | self.forest.arrays() | {"linear.coefficients": self.coefficients}

    def settings(self) -> dict[str, Any]:
        """For router.json."""
        return {"intercept": self.intercept, "spreads": list(self.spreads)}


def mix(members: Members, spreads: Sequence[float]) -> Floats:
    """The members' mean, each in units of its spread, as a gain of the mean spread; shape (n,)."""
    alike = [gain / spread for gain, spread in zip(members, spreads, strict=True)]
    return np.asarray(np.mean(alike, axis=0) * np.mean(spreads))


def load(folder: Path) -> StackHead:
    """Read a saved stack, but for its encoder."""
    manifest, arrays = read_manifest(folder), read_arrays(folder)
    linear, grown, encoder = (float(spread) for spread in manifest["spreads"])
    return StackHead(
        features=Features.from_arrays(arrays),
        coefficients=arrays["linear.coefficients"],
        intercept=float(manifest["intercept"]),
        forest=Forest.from_arrays(arrays),
        spreads=(linear, grown, encoder),
    )
