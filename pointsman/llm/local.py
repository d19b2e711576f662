"""Local models: llama.cpp in this process, behind OpenAI-compatible addresses on loopback."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from pointsman.config.llm import WeightFile, Weights
from pointsman.llm.errors import LocalModelError
from pointsman.llm.weights import fetch

_QUIET = -1


class Lanes(NamedTuple):
    """How the processor is shared out: so many copies of a model, each with so many threads."""

    copies: int
    threads: int


def share_out(threads: int | None, concurrency: int) -> Lanes:
    """As many single-request copies of a model as `concurrency` and `threads` (null: every core) allow."""
    cores = threads or os.cpu_count() or 1
    copies = min(cores, concurrency)
    return Lanes(copies, cores // copies)


def model_file(name: str, weights: Weights) -> Path:
    """The model's GGUF file, fetched if need be.

    Raises:
        WeightsError: it cannot be had.
        LocalModelError: these weights hold no GGUF file, or several.
    """
    return fetch(name, weights) / gguf(name, weights).name


def gguf(name: str, weights: Weights) -> WeightFile:
    """The one GGUF among a model's files, as conf pins it.

    Raises:
        LocalModelError: there is none, or several.
    """
    found = [file for file in weights.files if file.name.endswith(".gguf")]
    if len(found) != 1:
        raise LocalModelError(
            f"weights.{name} has {len(found)} GGUF files, expected one: a local model is one such file"
        )
    return found[0]


@contextmanager
def serving(path: Path, lanes: Lanes, context_tokens: int) -> Iterator[list[str]]:
    """Base URLs of copies of a model, for the time of the `with` block; each takes one request at a time.

    A copy has one slot and reuses nothing of earlier prompts but what prefix.py restores: then an answer at
    temperature 0 depends on its request alone. Slots that compute in one batch, and prefixes reused as they come,
    change the order of floating-point sums and with it some answers. The weights are mapped from the file and shared.

    Raises:
        LocalModelError: llama.cpp does not load the file.
    """
    servers: list[Any] = []
    with TemporaryDirectory(prefix="pointsman-") as states:
        try:
            servers.extend(_server(path, lanes.threads, context_tokens, states) for _ in range(lanes.copies))
            yield [f"{server.listening_address}/v1" for server in servers]
        finally:
            servers.clear()


def _server(path: Path, threads: int, context_tokens: int, states: str) -> Any:
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.n_parallel = 1
    settings.n_ctx = context_tokens
    settings.cpuparams.n_threads = threads
    settings.cpuparams_batch.n_threads = threads
    settings.cache_prompt = False
    settings.cache_ram_mib = 0
    settings.fit_params = False
    settings.warmup = False
    settings.verbosity = _QUIET
    settings.ui = False
    settings.endpoint_slots = True
    settings.slot_save_path = f"{states}/"  # of what many requests begin with, see prefix.py
    settings.n_gpu_layers = 0
    try:
        return xllamacpp.Server(settings)
    except Exception as problem:  # llama.cpp gives no type of its own
        raise LocalModelError(
            f"llama.cpp does not load {path}: {problem}. Delete the file and fetch it again: "
            "python -m pointsman.llm.weights fetch --all"
        ) from problem


if __name__ == "__main__":
    from pointsman.cli import run
    from pointsman.llm.local_cli import main

    run(main)
