import numpy as np
import pytest

from pointsman.routers.embedding import Embedder, embed
from pointsman.routers.encoder import load_tokenizer, pad
from pointsman.routers.files import RouterError

TEXTS = ["write a python function", "what is the capital of the country", "red"]


def test_padding_is_masked():
    ids, mask = pad([[5, 6, 7], [8]])
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert ids.dtype == np.int64


def test_a_tokenizer_cuts_and_never_pads(base):
    tokenizer = load_tokenizer(base / "tokenizer.json", 6)
    assert [len(encoding.ids) for encoding in tokenizer.encode_batch(["red", "red " * 50])] == [3, 6]


def test_a_missing_tokenizer_is_refused(tmp_path):
    with pytest.raises(RouterError, match=r"tokenizer\.json is missing"):
        load_tokenizer(tmp_path / "tokenizer.json", 6)


def test_a_broken_tokenizer_is_refused(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(RouterError, match=r"is not a tokenizer\.json"):
        load_tokenizer(tmp_path / "tokenizer.json", 6)


def test_embeddings_have_unit_length_and_repeat(base):
    first, second = (embed(TEXTS, base, 32, 2, quiet=True) for _ in range(2))
    assert first.dtype == np.float32
    assert np.linalg.norm(first, axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert first.tobytes() == second.tobytes()


def test_embeddings_do_not_depend_on_the_order(base):
    embedder = Embedder(base, 32, 2)
    assert embedder(TEXTS[::-1])[::-1] == pytest.approx(embedder(TEXTS), abs=1e-5)


def test_no_texts_give_no_rows(base):
    assert len(Embedder(base, 32, 2)([])) == 0


def test_a_folder_that_holds_no_encoder_is_refused(tmp_path):
    with pytest.raises(RouterError, match=r"cannot be loaded.*Set `embedder\.weights` in conf/"):
        Embedder(tmp_path, 32, 2)(TEXTS)
