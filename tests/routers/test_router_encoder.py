import numpy as np
import pytest
import torch
from transformers import AutoModel, ModernBertConfig

from pointsman.routers.embedding import Embedder
from pointsman.routers.encoder import load_tokenizer, pad
from pointsman.routers.files import RouterError
from pointsman.routers.pretrained import keep_lowest

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
    first, second = (Embedder(base, 32, 2)(TEXTS) for _ in range(2))
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


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_the_lowest_layers_alone_give_the_mean_of_their_states(base, layers):
    """A batch of one text needs no mask, so that the base can be asked directly."""
    embedder = Embedder(base, 32, 2, layers=layers)
    ids = torch.tensor([embedder.parts().tokenizer.encode(TEXTS[0]).ids])
    states = AutoModel.from_pretrained(base).eval()(input_ids=ids, output_hidden_states=True).hidden_states[layers]
    mean = states[0].mean(dim=0).detach().numpy()
    assert embedder(TEXTS[:1])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_an_encoder_whose_layers_differ_can_be_made_anew_from_its_config_once_it_is_cut():
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 8, "pad_token_id": 0}
    encoder = AutoModel.from_config(ModernBertConfig(num_hidden_layers=4, **sizes))
    kinds = list(encoder.config.layer_types)
    keep_lowest(encoder, 2, "")
    assert encoder.config.layer_types == kinds[:2]
    again = AutoModel.from_config(encoder.config).eval()
    again.load_state_dict(encoder.eval().state_dict())
    ids = torch.tensor([[1, 2, 3]])
    assert torch.equal(again(ids).last_hidden_state, encoder(ids).last_hidden_state)


def test_more_layers_than_there_are_cannot_be_kept(base):
    embedder = Embedder(base, 32, 2, layers=3)
    for _ in range(2):  # nor does a second call get all of them instead
        with pytest.raises(
            RouterError, match="layers is 3, but the encoder has 2, expected that many at most.*null keeps all"
        ):
            embedder(TEXTS)


def test_texts_longer_than_its_positions_are_refused_before_any_is_read(base):
    with pytest.raises(RouterError, match="max_tokens is 65, but the encoder reads 64 tokens at most"):
        Embedder(base, 65, 2)([])
