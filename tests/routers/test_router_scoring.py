import numpy as np
import pytest
from factories import planted_table

from pointsman.routers import baselines
from pointsman.routers.files import RouterError, folder_sha256
from pointsman.routers.fitting import read_fit_data
from pointsman.routers.scoring import held_out, score_rows, scores_table
from pointsman.tables.embeddings import write_embeddings


def dataset(splits):
    table = planted_table(len(splits))
    return table.assign(split=splits)


def test_train_rows_are_not_scored():
    table = dataset(["train", "test", "validation", "train", "test_unseen"] * 4)
    rows = held_out(table)
    assert set(rows["split"]) == {"test", "validation", "test_unseen"}
    assert list(rows["id"]) == [i for i, split in zip(table["id"], table["split"], strict=True) if split != "train"]


def test_scores_stand_beside_their_ids():
    table = dataset(["test"] * 20)
    scored = score_rows(baselines.BaselineRouter("length"), table, np.zeros((20, 4), np.float32))
    assert list(scored["id"]) == list(table["id"])
    assert scored["raw"].tolist() == [np.log1p(len(text)) for text in table["text"]]
    assert (scored["router_cost"] == 0).all()
    hindsight = scores_table(table, baselines.oracle(table["gain"]))
    assert hindsight["score"].tolist() == [(gain + 1) / 2 for gain in table["gain"]]


def test_train_and_validation_get_their_own_embeddings(tmp_path):
    table = dataset(["train", "validation", "test", "train"] * 5)
    vectors = np.arange(len(table) * 3, dtype=np.float32).reshape(-1, 3)
    write_embeddings(tmp_path / "e.npy", list(table["id"])[::-1], vectors[::-1])
    data = read_fit_data(table, tmp_path / "e.npy")
    assert data.train_embeddings.tolist() == vectors[(table["split"] == "train").to_numpy()].tolist()
    assert len(data.validation) == len(data.validation_embeddings) == 5


@pytest.mark.parametrize("missing", ["train", "validation"])
def test_an_empty_split_is_named(tmp_path, missing):
    other = {"train": "validation", "validation": "train"}[missing]
    with pytest.raises(RouterError, match=f"no query is in the split '{missing}'"):
        read_fit_data(dataset([other] * 10), tmp_path / "e.npy")


def test_a_folders_hash_changes_with_any_file(tmp_path):
    (tmp_path / "a").write_text("1")
    first = folder_sha256(tmp_path)
    (tmp_path / "b").write_text("")
    second = folder_sha256(tmp_path)
    (tmp_path / "a").write_text("2")
    assert len({first, second, folder_sha256(tmp_path)}) == 3
