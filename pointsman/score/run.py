"""Score a file chunk by chunk; finished chunks outlive a kill in the folder OUTPUT.partial."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from tqdm import tqdm

from pointsman.cli import bar_interval_s
from pointsman.routers.base import is_conversation, router_text
from pointsman.score.rows import (
    count_rows,
    join_parts,
    parquet_schema,
    read_chunks,
    write_jsonl,
    write_parquet,
)
from pointsman.score.scorer import Scorer
from pointsman.tables.foreign import Row, half_surrogate, kind_of
from pointsman.tables.io import TableError, read_json, write_json

CHUNK = 512
STATE = "state.json"


@dataclass(frozen=True)
class Job:
    """What is scored, and how."""

    source: Path
    output: Path
    text_column: str = "prompt"
    prefix: str = ""  # of the names of the added columns
    threshold: float | None = None  # null: the router's own


def run(job: Job, scorer: Scorer, *, restart: bool = False, quiet: bool = False) -> int:
    """Write the scored file and return its number of rows; goes on where a killed run stopped.

    Memory holds one chunk of rows, however long the file.

    Raises:
        TableError: a row cannot be read or scored; or the input, the router or an option changed since the
            run that left OUTPUT.partial.
    """
    _check_paths(job)
    folder = job.output.with_name(f"{job.output.name}.partial")
    threshold = scorer.threshold if job.threshold is None else job.threshold
    if restart:
        shutil.rmtree(folder, ignore_errors=True)
    _claim(folder, _state(job, scorer, threshold))
    parts = _parts(folder)
    done, total = len(parts) * CHUNK, count_rows(job.source)
    schema = _output_schema(job, scorer)
    with tqdm(
        total=total,
        initial=min(done, total),
        unit="query",
        desc=str(job.output),
        mininterval=bar_interval_s(),
        disable=quiet,
    ) as bar:
        for rows in read_chunks(job.source, done, CHUNK):
            scored = list(_score(rows, len(parts) * CHUNK, job, scorer, threshold))
            parts.append(_write_part(folder, len(parts), scored, job.output, schema))
            bar.update(len(rows))
    if not parts:
        raise TableError(f"{job.source} holds no rows, expected one query a row")
    join_parts(parts, job.output)
    shutil.rmtree(folder)
    return total


def _check_paths(job: Job) -> None:
    kind_of(job.source)
    kind_of(job.output)
    if not job.source.is_file():
        raise TableError(f"{job.source} is missing, expected a file of queries")
    if job.output.exists() and job.output.samefile(job.source):
        raise TableError(f"{job.output} is the input itself, expected another file for the output")


def _claim(folder: Path, state: dict[str, Any]) -> None:
    """Begin a folder of parts, or make sure that the one there belongs to the same work."""
    if not (folder / STATE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        write_json(folder / STATE, state)
        return
    before = read_json(folder / STATE)
    changed = [key for key in state if before.get(key) != state[key]]
    if changed:
        raise TableError(
            f"{folder} was begun with another {', '.join(changed)} ({changed[0]}: {before.get(changed[0])!r}, now "
            f"{state[changed[0]]!r}). Start over with --restart, or remove that folder"
        )


def _state(job: Job, scorer: Scorer, threshold: float) -> dict[str, Any]:
    """Everything that the parts depend on."""
    with job.source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "input": digest,
        "router": scorer.identity,
        "threshold": threshold,
        "text_column": job.text_column,
        "prefix": job.prefix,
        "chunk": CHUNK,
    }


def _parts(folder: Path) -> list[Path]:
    """Finished parts; each was renamed into place when it was whole."""
    return sorted(folder.glob("part-*"))


def _write_part(folder: Path, index: int, rows: Sequence[Row], output: Path, schema: pa.Schema | None) -> Path:
    if kind_of(output) == ".parquet":
        path = folder / f"part-{index:08d}.parquet"
        write_parquet(path, rows, schema)
    else:
        path = folder / f"part-{index:08d}.jsonl"
        write_jsonl(path, rows)
    return path


def _output_schema(job: Job, scorer: Scorer) -> pa.Schema | None:
    """The input's own types and those of the added columns, from Parquet to Parquet."""
    schema = parquet_schema(job.source) if kind_of(job.output) == ".parquet" else None
    if schema is None:
        return None
    added = [("score", pa.float64()), ("route", pa.string()), ("best_route", pa.string())]
    for name, kind in added if scorer.has_routes else added[:2]:
        schema = schema.append(pa.field(job.prefix + name, kind))
    return schema


def _score(rows: Sequence[Row], before: int, job: Job, scorer: Scorer, threshold: float) -> Iterator[Row]:
    """The rows with their new columns; `before` counts the rows of earlier chunks."""
    texts = [_text(row, before + index, job) for index, row in enumerate(rows, start=1)]
    verdicts = scorer.score(texts)
    for index, row in enumerate(rows):
        score = float(verdicts.score[index])
        added: Row = {"score": score, "route": "strong" if score > threshold else "weak"}
        if verdicts.best_route is not None:
            added["best_route"] = verdicts.best_route[index]
        named = {job.prefix + name: value for name, value in added.items()}
        clash = next((name for name in named if name in row), None)
        if clash is not None:
            raise TableError(f"{job.source} already has a column {clash!r}. Name the new ones with --prefix router_")
        yield row | named


def _text(row: Row, number: int, job: Job) -> str:
    """What the router reads of a row.

    Raises:
        TableError: names the file, the row (from 1) and the column.
    """
    where = f"{job.source}, row {number}, column"
    messages = _messages(row.get("messages"), f"{where} 'messages'")
    if job.text_column not in row and not messages:
        raise TableError(
            f"{where} {job.text_column!r}: no such column among {', '.join(row)}. Name it with --text-column"
        )
    prompt = row.get(job.text_column)
    if prompt is not None and not isinstance(prompt, str):
        raise TableError(f"{where} {job.text_column!r}: found {prompt!r}, expected text")
    text = router_text(prompt or "", messages)
    if not text.strip():
        raise TableError(f"{where} {job.text_column!r}: found {prompt!r}, expected text that is not blank")
    if (half := half_surrogate(text)) is not None:
        raise TableError(
            f"{where} {job.text_column!r}: found {half}, expected text that UTF-8 can hold (half an emoji?)"
        )
    return text


def _messages(value: Any, where: str) -> list[dict[str, Any]] | None:
    """A conversation, from a list or, in CSV, from its JSON."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as problem:
            raise TableError(f"{where}: not JSON: {problem}") from problem
    if not is_conversation(value):
        raise TableError(f"{where}: found {value!r}, expected a list of objects with `role` and `content`")
    return value
