import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from factories import fit_context, fit_data, planted_table, tiny_bert_router, tiny_packaged_router

from pointsman.routers import onnx_export, packaged, registry
from pointsman.routers.card import Card, render
from pointsman.routers.files import RouterError, write_manifest
from pointsman.routers.onnx_export import int8_ok
from pointsman.routers.package import FP32, INT8, package

TEXTS = ["write a python function", "what is the capital", "x", "", "numbers " * 100, "Größe 数字 🙂"]
CARD = Card(weak="small", strong="large", counts={"train": 32, "test": 9}, metrics={"apgr": 0.6125, "cpt80": None})


@pytest.fixture(scope="module")
def trained(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    tiny_bert_router(base).save(folder)
    return folder


@pytest.fixture(scope="module")
def router(packaged_folder):
    return packaged.load(packaged_folder, threads=1)


@pytest.fixture
def copy(packaged_folder, tmp_path):
    return Path(shutil.copytree(packaged_folder, tmp_path / "router"))


def test_onnx_scores_are_those_of_torch(trained, router):
    expected = registry.load(trained).scores(TEXTS)
    scored = router.scores(TEXTS)
    assert scored.score == pytest.approx(expected.score, abs=1e-3)
    assert scored.raw == pytest.approx(expected.raw, abs=1e-5)
    assert scored.cost.tolist() == [0.0] * len(TEXTS)


def test_tokens_score_as_their_texts_in_any_order_and_batch(router):
    scores = router.scores(TEXTS).score
    tokens = [router.encode(text) for text in TEXTS]
    assert router.scores_tokens(TEXTS, tokens).score == pytest.approx(scores, abs=1e-5)
    assert router.scores_tokens(TEXTS[::-1], tokens[::-1]).score[::-1] == pytest.approx(scores, abs=1e-5)
    assert [
        router.scores_tokens([text], [ids]).score[0] for text, ids in zip(TEXTS, tokens, strict=True)
    ] == pytest.approx(scores, abs=1e-5)


def test_many_texts_are_scored_in_their_order(router):
    texts = [TEXTS[index % 3] for index in range(100)]
    scores = router.scores(texts).score
    assert scores.reshape(-1)[:99].reshape(33, 3) == pytest.approx(np.tile(scores[:3], (33, 1)), abs=1e-5)


def test_a_long_text_is_cut_and_said_to_be(router):
    (ids, cut), (_, short_cut) = router.tokenise(["numbers " * 100, "numbers"])
    assert len(ids) == router.max_tokens == 32
    assert (cut, short_cut) == (True, False)


def test_router_json_lists_the_hash_of_every_other_file(packaged_folder):
    manifest = json.loads((packaged_folder / "router.json").read_text())
    files = {path.name for path in packaged_folder.iterdir()} - {"router.json"}
    assert set(manifest["files"]) == files == {
        "README.md",
        "config.json",
        "model.fp16.onnx", "model.onnx",
        "model.safetensors",
        "tokenizer.json",
    }  # fmt: skip
    assert manifest["files"]["model.onnx"] == packaged.sha256(packaged_folder / "model.onnx")
    wanted = {"format": 1, "router": "bert", "threshold": 0.5, "max_tokens": 32, "onnx": "model.onnx"}
    assert wanted.items() <= manifest.items()


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "README.md"])
def test_a_changed_file_is_named_before_it_is_used(copy, name):
    with (copy / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(RouterError, match=rf"{name} has SHA-256 .* was changed or damaged.*dvc repro package"):
        packaged.load(copy)


def test_a_missing_file_is_named(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(RouterError, match=r"model\.safetensors is missing, router\.json lists it"):
        packaged.load(copy)


def test_a_folder_without_a_router_is_refused(tmp_path):
    with pytest.raises(RouterError, match=r"holds no router\. Write it with: dvc repro package"):
        packaged.load(tmp_path)


def test_a_trained_folder_is_not_a_packaged_one(trained):
    with pytest.raises(RouterError, match="holds a trained router, not a packaged one"):
        packaged.load(trained)


def test_another_format_is_refused(copy):
    (copy / "router.json").write_text('{"format": 2}')
    with pytest.raises(RouterError, match="has format 2, expected 1"):
        packaged.load(copy)


def test_cuda_that_is_not_there_is_refused(packaged_folder):
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("CUDA is there")
    with pytest.raises(RouterError, match=r"device is 'cuda', but ONNX Runtime offers"):
        packaged.load(packaged_folder, device="cuda")


def test_only_the_semantic_router_has_routes(router):
    with pytest.raises(RouterError, match="the bert router has no routes"):
        router.routes(["x"])


def test_the_model_file_does_not_tell_where_it_was_exported(packaged_folder):
    assert str(Path(onnx_export.__file__).parent).encode() not in (packaged_folder / "model.onnx").read_bytes()


def test_equal_texts_are_run_once_and_each_gets_its_score(router, monkeypatch):
    seen = []
    run = router._encoder._run_batch
    monkeypatch.setattr(router._encoder, "_run_batch", lambda tokens: seen.extend(tokens) or run(tokens))
    texts = ["one", "two words", "one", "ONE", "two words"]
    scores = router.scores(texts).score
    assert len(seen) == 2
    assert scores[0] == scores[2] == scores[3] != scores[1] == scores[4]


def test_no_texts_are_refused(router):
    with pytest.raises(ValueError, match="tokens is empty"):
        router.scores([])


@pytest.mark.parametrize("name", ["semantic", "knn"])
def test_embedding_routers_are_packaged_with_their_encoder(name, tmp_path, base, context):
    tiny_packaged_router(tmp_path / "router", name)
    served = packaged.load(tmp_path / "router")
    table = planted_table(40)
    expected = registry.fit(name, fit_data(table, context.embed), fit_context(base)).scores(TEXTS)
    assert served.scores(TEXTS).score == pytest.approx(expected.score, abs=1e-3)
    embeddings = served.embed(TEXTS)
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert served.scores(TEXTS, embeddings).score.tolist() == served.scores(TEXTS).score.tolist()
    if name == "semantic":
        assert set(served.routes(TEXTS)) <= {"coding", "factual"}


def test_int8_is_kept_where_it_routes_as_well_and_only_there(trained, tmp_path):
    kept = package(trained, tmp_path / "kept", threshold=0.4, texts=TEXTS[:3], card=CARD, metric=lambda score: 0.6)
    assert kept["onnx"] == "model.int8.onnx"
    assert packaged.load(tmp_path / "kept").scores(TEXTS[:3]).score == pytest.approx(
        packaged.load(tmp_path / "kept", onnx="model.onnx").scores(TEXTS[:3]).score, abs=0.2
    )
    falling = iter([0.6, 0.59])
    left = package(
        trained, tmp_path / "left", threshold=0.4, texts=TEXTS[:3], card=CARD, metric=lambda s: next(falling)
    )
    assert left["onnx"] == "model.onnx"
    assert not (tmp_path / "left" / "model.int8.onnx").exists()


@pytest.mark.parametrize(
    ("fp32", "int8", "moved", "ok"),
    [
        (0.6, 0.6, 0.0, True),
        (0.6, 0.596, 0.01, True),
        (0.6, 0.594, 0.0, False),
        (0.6, 0.7, 0.0, True),
        (0.6, 0.7, 0.011, False),
        (None, 0.6, 0.0, False),
        (0.6, None, 0.0, False),
    ],
)
def test_int8_may_lose_five_thousandths_of_apgr_and_move_a_hundredth_of_the_queries(fp32, int8, moved, ok):
    assert int8_ok(fp32, int8, moved) is ok


def test_an_int8_model_that_moves_queries_is_left_out(trained, tmp_path):
    kept = package(trained, tmp_path / "kept", threshold=0.0, texts=TEXTS[:3], card=CARD, metric=lambda score: 0.6)
    assert kept["onnx"] == "model.int8.onnx"
    scores = [packaged.load(tmp_path / "kept", onnx=name).scores(TEXTS[:1]).score[0] for name in (FP32, INT8)]
    assert scores[0] != scores[1]
    between = float(np.mean(scores))
    left = package(trained, tmp_path / "left", threshold=between, texts=TEXTS[:1], card=CARD, metric=lambda score: 0.6)
    assert left["onnx"] == "model.onnx"


def test_packaging_twice_gives_the_same_bytes(trained, tmp_path):
    for name in ("one", "two"):
        package(trained, tmp_path / name, threshold=0.4, texts=TEXTS[:2], card=CARD)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


def test_packaging_replaces_the_folder_whole(trained, tmp_path):
    out = tmp_path / "router"
    out.mkdir()
    (out / "stale").write_text("from an older router")
    package(trained, out, threshold=0.4, texts=[], card=CARD)
    assert not (out / "stale").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["router"]


def test_the_model_card_tells_what_it_is_given():
    text = render(CARD, {"router": "bert", "threshold": 0.4, "max_tokens": 32}, "model.onnx")
    shown = (
        "small or large",
        "above the `threshold` in router.json",
        "| train queries | 32 |",
        "| apgr | 0.6125 |",
        "| cpt80 | undefined |",
    )
    assert [words for words in shown if words not in text] == []


def test_a_router_that_cannot_be_served_is_refused(tmp_path):
    write_manifest(tmp_path, {"router": "llm"})
    with pytest.raises(RouterError, match="holds the llm router, expected one of semantic, bert, stack, knn"):
        package(tmp_path, tmp_path / "out", threshold=0.5, texts=[], card=CARD)


def test_a_fresh_process_needs_neither_torch_nor_pandas(packaged_folder):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from pointsman.routers import packaged\n"
        f"router = packaged.load(Path({str(packaged_folder)!r}))\n"
        "assert 0 <= router.scores(['write a function']).score[0] <= 1\n"
        "heavy = ('torch', 'transformers', 'pandas', 'sklearn', 'scipy', 'pydantic', 'dvc', 'mlflow', 'hydra')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
