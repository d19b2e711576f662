"""From the cache to committed recordings, and the proof that they can be repeated."""

import asyncio
import json
import os
import platform
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from pointsman.config.llm import Weights
from pointsman.llm.cache import opened
from pointsman.llm.errors import RecordingsError
from pointsman.llm.live import ask_live, groups_of
from pointsman.llm.recordings import read_manifest, read_rows, write_recordings
from pointsman.llm.sending import Live
from pointsman.llm.shelf import Asking, open_shelf
from pointsman.llm.types import Answer, Model, Request
from pointsman.llm.weights import model_hash

_LOCAL = "local"


class Exported(NamedTuple):
    """What became of one model's answers."""

    model: str
    added: int
    total: int


class Verified(NamedTuple):
    """How many of the recorded answers that were asked again came out the same."""

    asked: int
    identical: int
    different: list[str]  # keys


def export(settings: Asking, folder: Path, used_since: float = 0.0, provider: str | None = None) -> list[Exported]:
    """Add the cache's answers to the recordings; what is recorded already stays.

    Args:
        settings: names the cache and the weights; answers of other weights are left out.
        folder: the recordings.
        used_since: seconds since 1970; answers that no run has used since then are left out.
        provider: only answers of this one; null: of all.
    """
    with opened(settings.cache_file) as cache:
        rows = cache.rows(provider, used_since)
    manifest = read_manifest(folder)
    exported = []
    for model in sorted({row["model"] for row in rows}):
        own = [row for row in rows if row["model"] == model and _of_these_weights(row, settings)]
        entry = manifest["models"].get(model)
        kept = {row["key"]: row for row in read_rows(folder / entry["file"])} if entry else {}
        new = {row["key"]: json.loads(row["answer"]) | _billed(row) for row in own if row["key"] not in kept}
        if new:
            merged = kept | new
            write_recordings(folder, model, merged, _about(merged.values(), own, settings.weights.get(model)))
        if own:
            exported.append(Exported(model, len(new), len(kept) + len(new)))
    return exported


def _of_these_weights(row: dict[str, Any], settings: Asking) -> bool:
    if row["provider"] != _LOCAL:
        return True
    return row["model"] in settings.weights and row["model_hash"] == model_hash(row["model"], settings.weights)


def _billed(row: dict[str, Any]) -> dict[str, float]:
    return {} if row["billed"] is None else {"billed": row["billed"]}


def verify(requests: Sequence[Request], settings: Asking, sample: int, seed: int) -> Verified:
    """Ask models again for a random sample of what is recorded, past recordings and cache, and compare.

    Raises:
        RecordingsError: none of the requests is recorded.
    """
    with open_shelf(settings) as shelf:
        known = {key: answer for key, answer in shelf.find(requests).items() if answer.origin == "recording"}
    chosen = [request for request in {r.key: r for r in requests}.values() if request.key in known]
    if not chosen:
        raise RecordingsError(
            "none of these requests is recorded; record them with: python -m pointsman.llm cache export"
        )
    chosen = random.Random(seed).sample(chosen, min(sample, len(chosen)))
    again: dict[str, Answer] = {}

    async def keep(request: Request, answer: Answer, _billed: float | None) -> Answer:
        again[request.key] = answer
        return answer

    def lose(request: Request, answer: Answer) -> None:
        again[request.key] = answer

    live = Live(settings.llm, settings.providers, settings.weights, settings.root, settings.budget, keep, lose)
    groups = groups_of(Counter(Model(request.provider, request.model) for request in chosen), settings.providers)
    asyncio.run(ask_live(groups, lambda group: filter(group.takes, chosen), live, "asking again"))
    different = [request.key for request in chosen if _said(again[request.key]) != _said(known[request.key])]
    return Verified(len(chosen), len(chosen) - len(different), different)


def _said(answer: Answer) -> Answer:
    """An answer without what may differ from run to run."""
    return replace(answer, latency_s=None, cost=None, origin="live")


def _about(rows: Iterable[dict[str, Any]], cached: Sequence[dict[str, Any]], weights: Weights | None) -> dict[str, Any]:
    """Facts for the manifest: who answered, how they were asked, where, when and how fast."""
    listed, providers = list(rows), sorted({row["provider"] for row in cached})
    asked = {
        "provider": providers,
        "temperature": sorted({row["temperature"] for row in cached}),
        "max_tokens": sorted({row["max_tokens"] for row in cached}),
        "prompt_tokens": sum(row["prompt_tokens"] or 0 for row in listed),
        "completion_tokens": sum(row["completion_tokens"] or 0 for row in listed),
        "date": datetime.fromtimestamp(max(row["answered_at"] for row in cached), UTC).date().isoformat(),
    }
    if weights is None or providers != [_LOCAL]:
        return asked
    return asked | {
        "weights_sha256": cached[0]["model_hash"],
        "repository": weights.repository,
        "license": weights.license,
        "engine": f"xllamacpp {version('xllamacpp')}",
        "tokens_per_second": tokens_per_second(cached),
        "machine": {"cpu": _cpu(), "cores": os.cpu_count()},
    }


def tokens_per_second(rows: Sequence[dict[str, Any]]) -> float | None:
    """Answer tokens for each second in which the model was busy; requests side by side share their seconds.

    Args:
        rows: of the cache: `answer` (JSON), `answered_at` and `latency_s`, both in seconds.
    """
    timed = sorted(
        (row for row in rows if row["latency_s"]), key=lambda row: float(row["answered_at"] - row["latency_s"])
    )
    busy_s, until = 0.0, float("-inf")
    for row in timed:
        end = row["answered_at"]
        busy_s += max(0.0, end - max(end - row["latency_s"], until))
        until = max(until, end)
    tokens = sum(json.loads(row["answer"])["completion_tokens"] or 0 for row in timed)
    return round(tokens / busy_s, 1) if busy_s else None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
