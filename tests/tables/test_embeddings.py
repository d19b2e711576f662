from pathlib import Path

import numpy as np
import pytest

from pointsman.tables.embeddings import read_embeddings, write_embeddings
from pointsman.tables.io import TableError

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)


def test_vectors_are_found_by_id_in_any_order(tmp_path):
    path = tmp_path / "e.npy"
    write_embeddings(path, ["a", "ü-long", "c", "d"], VECTORS)
    np.testing.assert_array_equal(read_embeddings(path, ["d", "ü-long"]), VECTORS[[3, 1]])
    assert read_embeddings(path, []).shape == (0, 3)


def test_equal_tables_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write_embeddings(tmp_path / name, ["a", "b", "c", "d"], VECTORS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_missing_vector_or_file_says_what_writes_it(tmp_path):
    path = tmp_path / "e.npy"
    write_embeddings(path, ["a", "b", "c", "d"], VECTORS)
    with pytest.raises(TableError, match="no vector for query 'x'.*dvc repro embed"):
        read_embeddings(path, ["a", "x"])
    with pytest.raises(TableError, match="missing.*dvc repro embed"):
        read_embeddings(Path("none.npy"), ["a"])
