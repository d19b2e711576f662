"""Score every query that is not in train, for one router."""

from __future__ import annotations

import pandas as pd
from numpy.typing import NDArray

from pointsman.routers.base import Scored, Scorer
from pointsman.tables.schemas import SCORES, check


def held_out(dataset: pd.DataFrame) -> pd.DataFrame:
    """The rows that no router trains on, in the dataset's order."""
    return dataset[dataset["split"] != "train"].reset_index(drop=True)


def score_rows(router: Scorer, rows: pd.DataFrame, embeddings: NDArray) -> pd.DataFrame:  # type: ignore[type-arg]
    """The SCORES table of some rows of the dataset; embeddings have shape (len(rows), d)."""
    return scores_table(rows, router.scores(list(rows["text"]), embeddings))


def scores_table(rows: pd.DataFrame, scored: Scored) -> pd.DataFrame:
    """The SCORES table of rows that were scored elsewhere, the oracle's say."""
    table = rows[["id", "split"]].assign(score=scored.score, raw=scored.raw, router_cost=scored.cost)
    return check(table, SCORES, "scores")
