"""The packaged router in memory."""

import asyncio
import json
import shutil

import onnxruntime
import pytest

from pointsman.routers import packaged
from pointsman.serving.errors import ServingError
from pointsman.serving.runtime import Runtime, load_router
from pointsman.serving.settings import Settings

CUDA = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
TEXTS = [f"{number} {'word ' * (number % 7)}abc" for number in range(200)]
# A text's score depends a little on the length that its batch is padded to, on each processor differently.
PADDING = 1e-5


def ask(router, question):
    async def main():
        runtime = Runtime(router)
        try:
            return await asyncio.wait_for(question(runtime), timeout=60)
        finally:
            runtime.close()

    return asyncio.run(main())


def test_a_score_is_the_routers(router):
    predicted = ask(router, lambda runtime: runtime.predict("write a function"))
    assert predicted.score == router.scores(["write a function"]).score[0]


def test_a_burst_of_single_texts_keeps_each_its_score(router):
    async def burst(runtime):
        return await asyncio.gather(*(runtime.predict(text) for text in TEXTS))

    expected = router.scores(TEXTS).score
    assert len(set(expected.round(4))) > 20
    assert [one.score for one in ask(router, burst)] == pytest.approx(list(expected), abs=PADDING)


def test_a_batch_keeps_its_order(router):
    predicted = ask(router, lambda runtime: runtime.predict_batch(TEXTS))
    assert [one.score for one in predicted] == pytest.approx(list(router.scores(TEXTS).score), abs=PADDING)


def test_only_a_text_that_was_cut_is_flagged(router):
    texts = ["short", "a " * 9_000]
    predicted = ask(router, lambda runtime: runtime.predict_batch(texts))
    assert [one.truncated for one in predicted] == [False, True]


def test_a_missing_folder_is_one_clear_line(tmp_path):
    with pytest.raises(ServingError, match=r"^no router to serve: .*router\.json is missing.*dvc repro") as caught:
        load_router(Settings(tmp_path / "nothing"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "router.json"])
def test_a_damaged_file_is_named(router_folder, tmp_path, name):
    folder = tmp_path / "router"
    shutil.copytree(router_folder, folder)
    path = folder / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ServingError, match=rf"^no router to serve: .*{name}"):
        load_router(Settings(folder))


def test_a_manifest_that_lacks_a_value_is_an_error_too(router_folder, tmp_path):
    folder = tmp_path / "router"
    shutil.copytree(router_folder, folder)
    manifest = json.loads((folder / "router.json").read_text())
    del manifest["calibration"]
    (folder / "router.json").write_text(json.dumps(manifest))
    with pytest.raises(ServingError, match=r"cannot be loaded \(KeyError: 'calibration'\)\. Write it again with"):
        load_router(Settings(folder))


@pytest.mark.skipif(CUDA, reason="ONNX Runtime offers CUDA here")
def test_a_gpu_that_is_not_there_is_refused(router_folder):
    with pytest.raises(ServingError, match="device is 'cuda', but ONNX Runtime offers"):
        load_router(Settings(router_folder, device="cuda"))


@pytest.mark.skipif(
    not CUDA, reason="ONNX Runtime offers no CUDA here: install onnxruntime-gpu on a machine with a GPU"
)
def test_a_gpu_scores_as_the_processor_does(router_folder):
    gpu, cpu = (load_router(Settings(router_folder, device=device)) for device in ("cuda", "cpu"))
    assert (gpu.device, gpu.onnx) == ("cuda", "model.fp16.onnx")
    assert list(gpu.scores(TEXTS).score) == pytest.approx(list(cpu.scores(TEXTS).score), abs=1e-2)


@pytest.mark.skipif(CUDA, reason="ONNX Runtime offers CUDA here")
@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_a_gpu_that_is_offered_but_cannot_be_used(router_folder, monkeypatch, device):
    """As with a build for GPUs on a machine whose driver is missing: auto takes the processor, cuda refuses."""
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    settings = Settings(router_folder, device=device)
    if device == "cuda":
        with pytest.raises(ServingError, match="cannot use a GPU here and took the processor"):
            load_router(settings)
    else:
        router = load_router(settings)
        assert (router.device, router.onnx) == ("cpu", "model.onnx")


def test_the_model_for_gpus_scores_as_the_processors_does(router_folder):
    half, whole = (packaged.load(router_folder, device="cpu", onnx=name) for name in ("model.fp16.onnx", "model.onnx"))
    assert list(half.scores(TEXTS).score) == pytest.approx(list(whole.scores(TEXTS).score), abs=5e-3)
    assert list(half.scores(TEXTS).score) != list(whole.scores(TEXTS).score)
