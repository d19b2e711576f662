"""How many queries that judge a router are nearly in its train split."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

JUDGING = ("test", "test_unseen")
_ROWS_AT_ONCE = 1024


class Overlap(NamedTuple):
    """The dataset, perhaps without the near ones, and what is said of them in dataset.json."""

    table: pd.DataFrame
    summary: dict[str, Any]


def measure_overlap(table: pd.DataFrame, embeddings: NDArray[np.float32], cosine: float, *, drop: bool) -> Overlap:
    """Count test queries that have a train query at this cosine similarity or above; leave them out where asked to.

    Args:
        table: the DATASET table.
        embeddings: of its rows, shape (n, d), unit length.
        cosine: from which on a query counts as near.
        drop: leave near ones out.
    """
    near = _largest_cosine(table, embeddings) >= cosine
    splits = table["split"].to_numpy()
    counts = {split: (int((splits == split).sum()), int(near[splits == split].sum())) for split in JUDGING}
    summary = {
        "cosine": cosine,
        "dropped": drop,
        "by_split": {
            split: {"n": n, "near": found, "share": round(found / n, 4) if n else None}
            for split, (n, found) in counts.items()
        },
    }
    return Overlap(table[~near].reset_index(drop=True) if drop else table, summary)


def _largest_cosine(table: pd.DataFrame, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each judging row, the largest similarity to a train row; −1 for the other rows; shape (n,)."""
    found = np.full(len(table), -1.0, dtype=np.float32)
    train = embeddings[(table["split"] == "train").to_numpy()]
    judging = np.flatnonzero(table["split"].isin(JUDGING).to_numpy())
    if not len(train):
        return found
    for start in range(0, len(judging), _ROWS_AT_ONCE):
        rows = judging[start : start + _ROWS_AT_ONCE]
        found[rows] = (embeddings[rows] @ train.T).max(axis=1)
    return found
