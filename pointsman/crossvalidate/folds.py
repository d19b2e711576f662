"""Which queries are tested together, and what a router is fitted on meanwhile."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pointsman.calibrate.traffic import Traffic
from pointsman.evaluation.outcomes import EvaluationError, Floats
from pointsman.routers.fitting import FitData
from pointsman.tables.schemas import DATASET, check

VALIDATION_SHARE = 0.1  # of what is not tested: calibrates, and trains nothing
_FEWEST = 20  # queries in a fold


def to_dataset(traffic: Traffic) -> pd.DataFrame:
    """The traffic as the DATASET table, row by row; all of it in one split.

    Raises:
        EvaluationError: a row lacks a score.
    """
    outcomes = traffic.outcomes()
    return check(
        pd.DataFrame(
            {
                "id": [f"{row:08d}" for row in range(outcomes.n)],
                "text": traffic.texts,
                "category": "general",
                "family": "general",
                "difficulty": None,
                "split": "train",
                "weak_score": outcomes.weak_score,
                "strong_score": outcomes.strong_score,
                "gain": outcomes.gain,
                "weak_cost": outcomes.weak_cost,
                "strong_cost": outcomes.strong_cost,
            }
        ),
        DATASET,
        str(traffic.source),
    )


def assign_folds(texts: Sequence[str], folds: int, seed: int) -> NDArray[np.intp]:
    """A fold for each query, shape (n,): of nearly equal size, drawn at random, equal texts together.

    Raises:
        EvaluationError: there are too few queries for so many folds.
    """
    distinct = list(dict.fromkeys(texts))
    if folds < 2 or len(distinct) < folds * _FEWEST:
        raise EvaluationError(
            f"{len(distinct)} different queries in {folds} folds, expected two folds or more of {_FEWEST} each"
        )
    drawn = np.random.default_rng(seed).permutation(len(distinct)) % folds
    of_text = dict(zip(distinct, drawn, strict=True))
    return np.array([of_text[text] for text in texts], dtype=np.intp)


def rank_within(score: Floats, folds: NDArray[np.intp]) -> Floats:
    """Each query's rank among its fold's as a share in (0, 1], shape (n,); equal scores share their mean rank."""
    return np.asarray(pd.Series(score).groupby(folds).rank(pct=True), dtype=np.float64)


def fit_data(table: pd.DataFrame, embeddings: NDArray[np.float32], tested: NDArray[np.bool_], seed: int) -> FitData:
    """What is not tested, parted into train and validation.

    Args:
        table: the DATASET table.
        embeddings: of its rows, shape (n, d).
        tested: shape (n,).
        seed: of the parting.
    """
    rest = np.flatnonzero(~tested)
    drawn = np.random.default_rng(seed).permutation(rest)
    cut = round(VALIDATION_SHARE * len(rest))
    validation, train = np.sort(drawn[:cut]), np.sort(drawn[cut:])
    train_rows, validation_rows = (table.iloc[index].reset_index(drop=True) for index in (train, validation))
    return FitData(train_rows, validation_rows, embeddings[train], embeddings[validation])
