"""The same router fitted many times: on other seeds, on fewer labels, on shuffled labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pointsman.routers import registry
from pointsman.routers.base import Floats
from pointsman.routers.baselines import shuffle_labels
from pointsman.routers.fitting import FitContext, FitData
from pointsman.tables.io import atomic


@dataclass(frozen=True)
class HeldOut:
    """The queries that every fit is judged on."""

    rows: pd.DataFrame  # of the DATASET table
    embeddings: NDArray[np.float32]  # shape (len(rows), d)


@dataclass(frozen=True)
class Fit:
    """One fit; null stands for the pipeline's own."""

    router: str
    seed: int | None = None
    labels: int | None = None
    shuffled: bool = False

    @property
    def name(self) -> str:
        """Tells fits apart, in file names too."""
        return f"{self.router}-seed{self.seed}-labels{self.labels}{'-shuffled' if self.shuffled else ''}"


def planned(routers: Sequence[str], seeds: int, labels: Sequence[int], first_seed: int, n_train: int) -> list[Fit]:
    """Every fit that the studies ask for; label counts beyond the train split are left out, all of it is always in."""
    counts = sorted({count for count in labels if count < n_train} | {n_train}) if labels else []
    fits = [Fit(router, seed=first_seed + step) for router in routers for step in range(seeds)]
    fits += [Fit(router, labels=count) for router in routers for count in counts]
    return fits + [Fit(router, shuffled=True) for router in routers if seeds or labels]


def score(fit: Fit, data: FitData, tested: HeldOut, context: Callable[[str], FitContext], kept: Path) -> Floats:
    """Fit, and score the tested queries; shape (n,).

    Args:
        fit: which.
        data: the pipeline's own train and validation rows.
        tested: what is scored.
        context: makes a router's settings.
        kept: folder in which scores outlive a kill.
    """
    path = kept / f"{fit.name}.npy"
    if not path.exists():
        settings = context(fit.router)
        seed = settings.seed if fit.seed is None else fit.seed
        used = shuffle_labels(data, seed) if fit.shuffled else _fewer(data, fit.labels, seed)
        router = registry.fit(fit.router, used, replace(settings, seed=seed, quiet=True))
        found = router.scores(list(tested.rows["text"]), tested.embeddings).score
        kept.mkdir(parents=True, exist_ok=True)
        with atomic(path, "wb") as file:
            np.save(file, found)
    loaded: Floats = np.load(path)
    return loaded


def _fewer(data: FitData, labels: int | None, seed: int) -> FitData:
    """As many labels in all, validation's share as it was; each larger draw holds the smaller ones."""
    if labels is None or labels >= len(data.train):
        return data
    share = labels / len(data.train)
    train, validation = (
        np.sort(np.random.default_rng(seed).permutation(size)[: max(1, round(share * size))])
        for size in (len(data.train), len(data.validation))
    )
    return FitData(
        data.train.iloc[train].reset_index(drop=True),
        data.validation.iloc[validation].reset_index(drop=True),
        data.train_embeddings[train],
        data.validation_embeddings[validation],
    )
