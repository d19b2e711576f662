import numpy as np
import pandas as pd

from pointsman.dataset.overlap import measure_overlap

UNIT = np.eye(4, dtype=np.float32)
TABLE = pd.DataFrame({"id": list("abcdef"), "split": ["train", "validation", "test", "test", "test_unseen", "train"]})
CLOSE = np.array([0.99, np.sqrt(1 - 0.99**2), 0, 0], dtype=np.float32)
EMBEDDINGS = np.array([UNIT[0], UNIT[0], CLOSE, UNIT[2], UNIT[3], UNIT[3]])


def test_near_queries_are_counted_and_kept():
    overlap = measure_overlap(TABLE, EMBEDDINGS, 0.95, drop=False)
    assert overlap.summary["by_split"] == {
        "test": {"n": 2, "near": 1, "share": 0.5},
        "test_unseen": {"n": 1, "near": 1, "share": 1.0},
    }
    assert len(overlap.table) == 6


def test_near_queries_are_left_out_where_asked_to_and_only_those_that_judge():
    overlap = measure_overlap(TABLE, EMBEDDINGS, 0.95, drop=True)
    assert list(overlap.table["id"]) == ["a", "b", "d", "f"]
    assert overlap.summary["dropped"]
    assert measure_overlap(TABLE, EMBEDDINGS, 0.995, drop=True).summary["by_split"]["test"]["near"] == 0


def test_without_train_or_test_nothing_is_near():
    for split in ("validation", "train"):
        overlap = measure_overlap(TABLE.assign(split=split), EMBEDDINGS, 0.5, drop=True)
        assert overlap.summary["by_split"]["test"] == {"n": 0, "near": 0, "share": None}
        assert len(overlap.table) == 6
