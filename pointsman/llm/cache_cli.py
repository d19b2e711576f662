"""`python -m pointsman.llm cache`: what was answered and paid for."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pointsman.cli import say
from pointsman.config.params import load_params
from pointsman.llm.cache import opened
from pointsman.llm.errors import CacheError
from pointsman.llm.export import export
from pointsman.llm.recordings import DEFAULT_FOLDER
from pointsman.llm.shelf import Asking


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands."""
    commands = parser.add_subparsers(dest="what", required=True)
    stats = commands.add_parser("stats", help="answers, tokens and dollars of each model")
    stats.set_defaults(run=_stats)
    exporting = commands.add_parser("export", help="add answers to a folder of recordings that another clone replays")
    exporting.add_argument("--folder", type=Path, help=f"default: llm.recordings, or {DEFAULT_FOLDER}")
    exporting.add_argument("--provider", help="only this provider's answers, e.g. local")
    exporting.add_argument(
        "--used-since",
        type=_time,
        default=0.0,
        metavar="TIME",
        help="only answers that a run used since then, e.g. 2026-05-01T12:00; old ones of changed queries stay out",
    )
    exporting.set_defaults(run=_export)
    importing = commands.add_parser("import", help="take over the answers of another cache file")
    importing.add_argument("file", type=Path)
    importing.set_defaults(run=_import)
    pruning = commands.add_parser("prune", help="delete answers that no run has used for long")
    pruning.add_argument("--unused-since", type=_time, required=True, metavar="TIME", help="e.g. 2026-05-01")
    pruning.set_defaults(run=_prune)


def _asking() -> Asking:
    params = load_params()
    return Asking(params.llm, params.provider, params.weights)


def _stats(_: argparse.Namespace) -> None:
    asking = _asking()
    with opened(_existing(asking.cache_file)) as cache:
        rows = cache.stats()
    head = ("provider", "model", "answers", "tokens in", "tokens out", "USD billed", "last used")
    lines = [head, *(_line(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    say(f"{asking.cache_file}: {asking.cache_file.stat().st_size / 1e6:.1f} MB")


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    billed = "–" if row["billed"] is None else f"{row['billed']:.4f}"
    used = datetime.fromtimestamp(row["last_used_at"], UTC).date().isoformat()
    tokens = (f"{row['prompt_tokens'] or 0:,}", f"{row['completion_tokens'] or 0:,}")
    return (row["provider"], row["model"], f"{row['answers']:,}", *tokens, billed, used)


def _export(options: argparse.Namespace) -> None:
    asking = _asking()
    _existing(asking.cache_file)
    folder = options.folder or Path(asking.llm.recordings or DEFAULT_FOLDER)
    for model, added, total in export(asking, folder, options.used_since, options.provider):
        say(f"{model}: {added} answers added, {total} recorded")
    say(f"{folder}: commit it; it holds answers and hashes of requests, no queries and no keys")


def _import(options: argparse.Namespace) -> None:
    asking = _asking()
    with opened(_existing(options.file)) as other, opened(asking.cache_file) as cache:
        rows = other.rows()
        say(f"{asking.cache_file}: {cache.add(rows)} of {len(rows)} answers were new")


def _prune(options: argparse.Namespace) -> None:
    asking = _asking()
    with opened(_existing(asking.cache_file)) as cache:
        say(f"{asking.cache_file}: {cache.prune(options.unused_since)} answers deleted")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise CacheError(f"{path} does not exist; a cache is made by the first stage that asks a model")
    return path


def _time(text: str) -> float:
    """Seconds since 1970 of an ISO date or time."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date or time like 2026-05-01 or 2026-05-01T12:00") from None
