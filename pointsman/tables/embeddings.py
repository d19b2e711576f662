"""data/embeddings.npy: a vector for each query, found by the query's id."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman.tables.io import TableError, atomic

Vectors = NDArray[np.float32]


def write_embeddings(path: Path, ids: Sequence[str], vectors: Vectors) -> None:
    """Write vectors, shape (n, d), with their ids as one structured array."""
    width = max((len(query_id) for query_id in ids), default=1)
    table = np.empty(len(ids), dtype=[("id", f"U{width}"), ("vector", np.float32, (vectors.shape[1],))])
    table["id"], table["vector"] = list(ids), vectors
    with atomic(path, "wb") as file:
        np.save(file, table, allow_pickle=False)


def read_embeddings(path: Path, ids: Sequence[str]) -> Vectors:
    """The vectors of these ids, in their order, shape (len(ids), d).

    Raises:
        TableError: the file is missing, or has no vector for an id.
    """
    if not path.exists():
        raise TableError(f"{path} is missing. Write it with: dvc repro embed")
    table = np.load(path, allow_pickle=False)
    place = {str(query_id): number for number, query_id in enumerate(table["id"])}
    absent = [query_id for query_id in ids if query_id not in place]
    if absent:
        raise TableError(f"{path} has no vector for query {absent[0]!r}. Write it again with: dvc repro embed")
    return np.ascontiguousarray(table["vector"][[place[query_id] for query_id in ids]])
