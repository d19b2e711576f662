"""A packaged router, ready to score: numpy, ONNX Runtime, tokenizers and safetensors, and neither torch nor pandas."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats, Scored
from pointsman.routers.bert import scoring
from pointsman.routers.calibration import Calibration
from pointsman.routers.encoder import Device, OnnxEncoder, TokenIds, Tokens, offers_cuda
from pointsman.routers.files import MANIFEST, RouterError, read_manifest
from pointsman.routers.knn import router as knn
from pointsman.routers.names import EMBEDDING, SERVABLE
from pointsman.routers.semantic import router as semantic
from pointsman.routers.stack import head as stack

REMEDY = "dvc repro package"
TOKENIZER = "tokenizer.json"
FP32 = "model.onnx"
Head = Callable[[Sequence[str], NDArray[np.float32]], Floats]  # texts and the encoder's rows to raw scores


@dataclass(frozen=True)
class Packaged:
    """A servable router. Route strong if and only if score > threshold.

    Safe to call from several threads. With an int8 model a score may differ in the third decimal by
    what else is in the batch.
    """

    name: str
    threshold: float
    max_tokens: int
    device: str
    version: str
    onnx: str
    manifest: dict[str, Any]
    _encoder: OnnxEncoder
    _raw: Head
    _calibration: Calibration
    _semantic: semantic.SemanticRouter | None

    def encode(self, text: str) -> TokenIds:
        """Token ids of a query, as `router_text` makes it, cut to `max_tokens`."""
        return self._encoder.encode(text)

    def tokenise(self, texts: Sequence[str]) -> list[Tokens]:
        """Token ids of each query, and whether it was cut."""
        return self._encoder.tokenise(texts)

    def scores_tokens(self, texts: Sequence[str], tokens: Sequence[Sequence[int]]) -> Scored:
        """Score queries of which the token ids are known, in their order."""
        return self._scored(texts, self._encoder.run(tokens))

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:
        """Score queries; semantic and knn take embeddings (n, d) instead of running the encoder."""
        given = embeddings if self.name in EMBEDDING else None
        return self._scored(texts, self._encoder(texts) if given is None else given)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The encoder's rows: embeddings (n, d) of semantic and knn, predicted scores of bert, of stack a state too."""
        return self._encoder(texts)

    def _scored(self, texts: Sequence[str], rows: NDArray[np.float32]) -> Scored:
        raw = self._raw(texts, rows)
        return Scored(self._calibration.apply(raw), raw, np.zeros(len(raw)))

    def routes(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> list[str]:
        """Name of each query's best route.

        Raises:
            RouterError: this router has no routes.
        """
        if self._semantic is None:
            raise RouterError(f"the {self.name} router has no routes, only the semantic router has")
        return self._semantic.best(self._encoder(texts) if embeddings is None else embeddings)


def load(folder: Path, *, threads: int | None = None, device: Device = "auto", onnx: str | None = None) -> Packaged:
    """Read a packaged router, after the SHA-256 of each of its files was found right.

    Args:
        folder: what `package` wrote.
        threads: processor threads of one call; null: every core that this process may use.
        device: auto takes CUDA where ONNX Runtime offers it and a GPU is there.
        onnx: the model file to run, where it is not the packaged choice: on a GPU fp16, else int8 if it routes as well.

    Raises:
        RouterError: a file is missing, differs from its hash, or cannot be loaded.
    """
    manifest = read_manifest(folder, REMEDY)
    if "files" not in manifest:
        raise RouterError(f"{folder} holds a trained router, not a packaged one. Package it with: {REMEDY}")
    verify(folder, manifest["files"])
    name = str(manifest["router"])
    encoder = _encoder(folder, manifest, threads, device, onnx)
    routed = semantic.load(folder) if name == "semantic" else None
    return Packaged(
        name=name,
        threshold=float(manifest["threshold"]),
        max_tokens=int(manifest["max_tokens"]),
        device=encoder.device,
        version=str(manifest["version"]),
        onnx=encoder.name,
        manifest=manifest,
        _encoder=encoder,
        _raw=_head(name, folder, routed),
        _calibration=Calibration.from_json(manifest["calibration"]),
        _semantic=routed,
    )


def _encoder(
    folder: Path, manifest: Mapping[str, Any], threads: int | None, device: Device, onnx: str | None
) -> OnnxEncoder:
    """The model that suits the device: an int8 one would run on the processor even if a GPU is there."""

    def read(name: str, device: Device) -> OnnxEncoder:
        max_tokens = int(manifest["max_tokens"])
        return OnnxEncoder(folder / name, folder / TOKENIZER, max_tokens, threads=threads, device=device)

    if device == "cuda" or (device == "auto" and offers_cuda()):
        encoder = read(onnx or str(manifest.get("onnx_cuda", FP32)), device)
        if encoder.device == "cuda":
            return encoder
    return read(onnx or str(manifest["onnx"]), "cpu")


def manifest_version(manifest: Mapping[str, Any]) -> str:
    """A hash of router.json, and so of every packaged file, but for the version itself."""
    content = {name: value for name, value in manifest.items() if name != "version"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def verify(folder: Path, hashes: dict[str, str]) -> None:
    """Compare every file with its SHA-256.

    Raises:
        RouterError: names the first file that is missing or differs.
    """
    for name, expected in hashes.items():
        path = folder / name
        if not path.is_file():
            raise RouterError(f"{path} is missing, {MANIFEST} lists it. Package it again with: {REMEDY} --force")
        found = sha256(path)
        if found != expected:
            raise RouterError(
                f"{path} has SHA-256 {found}, {MANIFEST} says {expected}: the file was changed or damaged. "
                f"Package it again with: {REMEDY} --force"
            )


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _head(name: str, folder: Path, routed: semantic.SemanticRouter | None) -> Head:
    if name == "stack":
        return stack.load(folder).mix
    if name not in SERVABLE:
        raise RouterError(f"{folder / MANIFEST} names the router {name!r}, expected one of {', '.join(SERVABLE)}")
    of_rows = scoring.raw_scores if name == "bert" else routed.mix if routed else knn.load(folder).vote
    return lambda _texts, rows: of_rows(rows)
