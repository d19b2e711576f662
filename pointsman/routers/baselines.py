"""What every learned router is compared with: chance, length, fixed choices, hindsight, shuffled labels."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pointsman.routers import calibration, fitting
from pointsman.routers.base import Floats, Scored
from pointsman.routers.files import RouterError
from pointsman.routers.fitting import FitContext, FitData
from pointsman.routers.knn import router as knn

NAMES = ("random", "length", "knn", "always_weak", "always_strong", "shuffled")


@dataclass(frozen=True)
class BaselineRouter:
    """A rule on the text alone: `random` (a hash of seed and text), `length`, `always_weak`, `always_strong`."""

    name: str
    seed: int = 0
    sign: float = 1.0  # of length: −1 where shorter queries need the strong model
    calibration: calibration.Calibration = calibration.NONE

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:  # noqa: ARG002
        """Score queries; the same text always gets the same score."""
        raw = np.array([self._raw(text) for text in texts], dtype=np.float64)
        return Scored(self.calibration.apply(raw), raw, np.zeros(len(raw)))

    def _raw(self, text: str) -> float:
        if self.name == "length":
            return self.sign * float(np.log1p(len(text)))
        if self.name == "random":
            digest = hashlib.sha256(f"{self.seed}\0{text}".encode()).digest()
            return int.from_bytes(digest[:6], "big") / 2**48
        return float(self.name == "always_strong")


def fit(name: str, data: FitData, context: FitContext) -> BaselineRouter | knn.KnnRouter:
    """Make a baseline; of `length` (log of the characters) train gives the direction and validation the calibration.

    Raises:
        RouterError: no such baseline.
    """
    if name not in NAMES:
        raise RouterError(f"baseline is {name!r}, expected one of {', '.join(NAMES)}")
    if name in ("knn", "shuffled"):
        return knn.fit(data if name == "knn" else shuffle_labels(data, context.seed), context, name=name)
    router = BaselineRouter(name, context.seed)
    if name != "length":
        return router
    longer = router.scores(fitting.texts(data.train)).raw
    shorter_first = calibration.rank_covariance(longer, data.train["gain"]) < 0 if len(longer) else False
    router = replace(router, sign=-1.0 if shorter_first else 1.0)
    raw = router.scores(fitting.texts(data.validation)).raw
    return replace(router, calibration=calibration.fit("platt", raw, fitting.events(data.validation)))


def oracle(gain: ArrayLike) -> Scored:
    """The scores of hindsight, from the gains themselves: the best that any router can do."""
    raw: Floats = np.asarray(gain, dtype=np.float64)
    return Scored((raw + 1.0) / 2.0, raw, np.zeros(len(raw)))


def shuffle_labels(data: FitData, seed: int) -> FitData:
    """The same queries with scores and costs of other rows of their split; what is learned from it is chance."""
    generator = np.random.default_rng(seed)
    return replace(data, train=_shuffled(data.train, generator), validation=_shuffled(data.validation, generator))


def _shuffled(table: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    labels = ["weak_score", "strong_score", "gain", "weak_cost", "strong_cost"]
    order = generator.permutation(len(table))
    return table.assign(**{label: table[label].to_numpy()[order] for label in labels if label in table})
