"""Fit each router once a fold and score what it did not see; finished folds outlive a kill."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from pointsman.crossvalidate.folds import fit_data
from pointsman.routers import baselines, registry
from pointsman.routers.base import Floats
from pointsman.routers.fitting import FitContext
from pointsman.routers.names import COMPARED
from pointsman.tables.io import atomic


def score_folds(
    routers: Sequence[str],
    table: pd.DataFrame,
    embeddings: NDArray[np.float32],
    folds: NDArray[np.intp],
    context: Callable[[str], FitContext],
    partial: Path,
) -> dict[str, Floats]:
    """Each router's score of each query, from a router that was fitted on the other folds; shape (n,).

    Args:
        routers: learned routers or baselines.
        table: the DATASET table.
        embeddings: of its rows, shape (n, d).
        folds: of its rows, shape (n,).
        context: makes the settings of a router.
        partial: folder of the folds that are done; removed at the end.
    """
    scores = {name: np.full(len(table), np.nan) for name in routers}
    work = [(name, fold) for fold in range(int(folds.max()) + 1) for name in routers]
    partial.mkdir(parents=True, exist_ok=True)
    with tqdm(work, unit="fit", desc="cross-validation") as bar:
        for name, fold in bar:
            bar.set_postfix(router=name, fold=fold, refresh=False)
            tested = folds == fold
            kept = partial / f"{name}-{fold}.npy"
            if not kept.exists():
                data = fit_data(table, embeddings, tested, fold)
                router = (baselines if name in COMPARED else registry).fit(name, data, context(name))
                found = router.scores(list(table["text"][tested]), embeddings[tested]).score
                with atomic(kept, "wb") as file:
                    np.save(file, found)
            scores[name][tested] = np.load(kept)
    shutil.rmtree(partial)
    return scores
