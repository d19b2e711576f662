"""Turn a trained router into the servable folder models/router/."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import nn

from pointsman.routers import packaged
from pointsman.routers.base import Floats
from pointsman.routers.card import Card, render
from pointsman.routers.embedding import Embedder
from pointsman.routers.files import FORMAT, MANIFEST, RouterError, read_manifest, write_manifest
from pointsman.routers.names import SERVABLE
from pointsman.routers.onnx_export import PredictedScores, SentenceEmbedding, export_onnx, halve, int8_ok, quantise
from pointsman.routers.registry import load
from pointsman.tables.io import atomic, atomic_folder, write_json

FP32, FP16, INT8 = packaged.FP32, "model.fp16.onnx", "model.int8.onnx"
KEPT = ("model.safetensors", "config.json", "arrays.safetensors")
TOLERANCE = 1e-3
FP16_TOLERANCE = 1e-2

Metric = Callable[[Floats], float | None]
Rows = Callable[[Sequence[str]], NDArray[Any]]  # what the exported module gives for texts


class _Source(NamedTuple):
    """What a kind of router is exported from."""

    rows: Rows
    module: nn.Module
    tokenizer: Any
    vocabulary: int
    max_tokens: int


def package(
    model_folder: Path,
    out: Path,
    *,
    threshold: float,
    texts: Sequence[str],
    card: Card,
    embedder: Embedder | None = None,
    metric: Metric | None = None,
    extras: Mapping[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Write the servable folder and return its router.json; `out` appears whole or not at all.

    Args:
        model_folder: a trained router that can be served.
        out: the servable folder; replaced where it exists.
        threshold: route strong if and only if score > threshold.
        texts: validation queries, on which ONNX is compared with torch and int8 is judged.
        card: what the model card says.
        embedder: the frozen encoder of all but bert.
        metric: APGR of the scores of `texts`; without it there is no int8 model.
        extras: other JSON files of the folder, by their names.

    Raises:
        RouterError: the router cannot be served, or ONNX and torch disagree by more than 1e-3, in fp16 by 1e-2.
    """
    source = _source(model_folder, embedder)
    with atomic_folder(out) as folder:
        _copy(model_folder, folder)
        for name, content in (extras or {}).items():
            write_json(folder / name, content)
        with atomic(folder / packaged.TOKENIZER) as file:
            file.write(source.tokenizer.to_str(pretty=True))
        export_onnx(source.module, folder / FP32, source.vocabulary, source.max_tokens)
        halve(folder / FP32, folder / FP16)
        manifest = _manifest(model_folder, threshold, source.max_tokens) | {"onnx_cuda": FP16}
        _write(folder, manifest, FP32)
        chosen = _choose_onnx(folder, manifest, source.rows, texts, metric)
        (folder / "README.md").write_text(render(card, manifest, chosen), "utf-8", newline="\n")
        return _write(folder, manifest, chosen)


def _source(model_folder: Path, embedder: Embedder | None) -> _Source:
    name = read_manifest(model_folder).get("router")
    if name not in SERVABLE:
        raise RouterError(f"{model_folder} holds the {name} router, expected one of {', '.join(SERVABLE)}")
    if name == "bert":
        router: Any = load(model_folder)
        tuned = router.encoder
        vocabulary = int(tuned.model.encoder.config.vocab_size)
        return _Source(tuned.predict, PredictedScores(tuned.model), tuned.tokenizer, vocabulary, tuned.max_tokens)
    if embedder is None:
        raise RouterError(f"the {name} router is packaged with its encoder. Pass embedder")
    parts = embedder.parts()
    return _Source(embedder, SentenceEmbedding(parts.model), parts.tokenizer, parts.vocabulary, embedder.max_tokens)


def _copy(model_folder: Path, folder: Path) -> None:
    for name in KEPT:
        if (model_folder / name).exists():
            shutil.copyfile(model_folder / name, folder / name)


def _manifest(model_folder: Path, threshold: float, max_tokens: int) -> dict[str, Any]:
    return read_manifest(model_folder) | {"threshold": float(threshold), "max_tokens": max_tokens}


def _write(folder: Path, manifest: dict[str, Any], onnx: str) -> dict[str, Any]:
    """Write router.json with the hash of every other file; the version is a hash of all of it."""
    files = {path.name: packaged.sha256(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    whole = manifest | {"onnx": onnx, "files": files, "format": FORMAT}
    whole["version"] = packaged.manifest_version(whole)
    write_manifest(folder, whole)
    return whole


def _choose_onnx(
    folder: Path, manifest: dict[str, Any], rows: Rows, texts: Sequence[str], metric: Metric | None
) -> str:
    """Compare ONNX with torch; keep the int8 model where it routes as well; returns the file that is served.

    What is compared is what the graph computes. Scores follow from it by the same code, but a tree or a neighbour more
    or less, which the last bit may turn, is a step.
    """
    if not texts:
        return FP32
    expected = rows(texts)
    fp32, fp16 = (packaged.load(folder, device="cpu", onnx=name) for name in (FP32, FP16))
    for served, tolerance in ((fp32, TOLERANCE), (fp16, FP16_TOLERANCE)):
        worst = float(np.abs(expected - served.embed(texts)).max())
        if worst > tolerance:
            raise RouterError(
                f"{served.onnx} and torch differ by {worst:.2g} in an output, expected at most {tolerance:g}"
            )
    if metric is None:
        return FP32
    quantise(folder / FP32, folder / INT8)
    _write(folder, manifest, FP32)
    int8 = packaged.load(folder, device="cpu", onnx=INT8)
    judged, smaller = (router.scores(texts).score for router in (fp32, int8))
    moved = float(np.mean((judged > fp32.threshold) != (smaller > fp32.threshold)))
    if int8_ok(metric(judged), metric(smaller), moved):
        return INT8
    (folder / INT8).unlink()
    return FP32
