"""An ONNX model and its tokenizer, without torch: what serving runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.files import RouterError

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Tokenizer

Device = Literal["auto", "cpu", "cuda"]
TokenIds = list[int]
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
INPUTS = ("input_ids", "attention_mask")
BATCH_SIZES = {"cpu": 16, "cuda": 64}
SLOWER = ["SkipLayerNormFusion"]  # on a processor the fused node takes four times as long as the two that it replaces


class Tokens(NamedTuple):
    """A tokenised text."""

    ids: TokenIds
    truncated: bool  # whether the text was longer than the model was packaged for


class OnnxEncoder:
    """Texts or token ids in, one row of numbers out for each; pooling is part of the graph.

    Safe to call from several threads: a session's `run` and a tokenizer's `encode` are.
    """

    def __init__(
        self,
        model: Path,
        tokenizer: Path,
        max_tokens: int,
        *,
        threads: int | None = None,
        device: Device = "auto",
        batch_size: int | None = None,
    ) -> None:
        """Load both files; null `threads` are all that this process may use, a null `batch_size` suits the device.

        Raises:
            RouterError: a file cannot be read, or `cuda` is asked for and is not there.
        """
        self._tokenizer = load_tokenizer(tokenizer, max_tokens)
        self._session = _session(model, threads, device)
        self.name = model.name
        self.device = "cuda" if CUDA in self._session.get_providers() else "cpu"
        if device == "cuda" and self.device != "cuda":
            raise RouterError(
                "device is 'cuda', but ONNX Runtime cannot use a GPU here and took the processor. See that the driver "
                "and the CUDA libraries are found (nvidia-smi), or use device 'cpu'"
            )
        self.batch_size = batch_size or BATCH_SIZES[self.device]

    def encode(self, text: str) -> TokenIds:
        """Token ids of a text, cut to the longest that the model was packaged for."""
        return list(self._tokenizer.encode(text).ids)

    def encode_batch(self, texts: Sequence[str]) -> list[TokenIds]:
        """Token ids of each text."""
        return [list(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts))]

    def tokenise(self, texts: Sequence[str]) -> list[Tokens]:
        """Token ids of each text, and whether they are all of it."""
        encodings = self._tokenizer.encode_batch(list(texts))
        return [Tokens(list(encoding.ids), bool(encoding.overflowing)) for encoding in encodings]

    def run(self, tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Output rows, shape (n, columns), in the order of `tokens`; similar lengths share a batch."""
        if not tokens:
            raise ValueError("tokens is empty, expected one text or more")
        if len(tokens) == 1:  # what a service is asked most
            return self._run_batch(tokens)
        keys = [tuple(ids) for ids in tokens]  # equal ones are run once
        distinct = sorted(dict.fromkeys(keys), key=len)
        batches = [distinct[start : start + self.batch_size] for start in range(0, len(distinct), self.batch_size)]
        rows = np.concatenate([self._run_batch(batch) for batch in batches])
        place = {key: row for row, key in enumerate(distinct)}
        return np.asarray(rows[[place[key] for key in keys]])

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Output rows of texts, shape (n, columns)."""
        return self.run(self.encode_batch(texts))

    def _run_batch(self, tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        ids, mask = pad(tokens)
        (output,) = self._session.run(None, dict(zip(INPUTS, (ids, mask), strict=True)))
        return np.asarray(output, dtype=np.float32)


def pad(tokens: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and attention mask, both of shape (n, longest), padded with 0 on the right."""
    longest = max(len(ids) for ids in tokens)
    ids = np.zeros((len(tokens), longest), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, values in enumerate(tokens):
        ids[row, : len(values)] = values
        mask[row, : len(values)] = 1
    return ids, mask


def load_tokenizer(path: Path, max_tokens: int) -> Tokenizer:
    """A tokenizer that cuts at `max_tokens` and never pads, whatever its file says.

    Raises:
        RouterError: the file is missing or is not a tokenizer.
    """
    from tokenizers import Tokenizer

    if not path.exists():
        raise RouterError(f"{path} is missing, expected a tokenizer.json of the `tokenizers` library")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as problem:  # the library raises bare Exception
        raise RouterError(f"{path} is not a tokenizer.json: {problem}") from problem
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer


def offers_cuda() -> bool:
    """Whether this build of ONNX Runtime can use a GPU; another question is whether one is there."""
    import onnxruntime

    return CUDA in onnxruntime.get_available_providers()


def usable_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _session(model: Path, threads: int | None, device: Device) -> onnxruntime.InferenceSession:
    import onnxruntime

    available = onnxruntime.get_available_providers()
    if device == "cuda" and CUDA not in available:
        raise RouterError(
            f"device is 'cuda', but ONNX Runtime offers {available}. Install onnxruntime-gpu, or use device 'cpu'"
        )
    if device != "cpu" and CUDA in available:
        onnxruntime.preload_dlls()  # finds the CUDA libraries that came as Python packages
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or usable_cores()
    options.log_severity_level = 3
    # Threads that wait busily for the next pass are a millisecond faster when nothing else runs, and take the processor
    # from the service's event loop when something does.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    offered = [name for name in (CUDA, CPU) if name in available and not (name == CUDA and device == "cpu")]
    try:
        return onnxruntime.InferenceSession(
            str(model),
            sess_options=options,
            providers=offered,
            disabled_optimizers=None if CUDA in offered else SLOWER,
        )
    except Exception as problem:  # its errors share no documented base class
        raise RouterError(f"{model} cannot be loaded by ONNX Runtime: {problem}") from problem
