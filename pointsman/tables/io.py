"""Atomic, byte-for-byte repeatable reading and writing of the files between stages."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pandas as pd

from pointsman.errors import PointsmanError


class TableError(PointsmanError):
    """A file between stages, or of the user's, is not what it should be."""


@contextmanager
def atomic(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside `path` that replaces it on success and vanishes on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, mode, **text) as file:  # type: ignore[call-overload]
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException as problem:
        Path(name).unlink(missing_ok=True)
        if isinstance(problem, OSError) and problem.filename is None:
            problem.filename = str(path)  # a full disk does not say what was being written
        raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that replaces it on success and vanishes on failure, or if it stays empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
        folder = Path(temporary) / path.name
        folder.mkdir()
        yield folder
        if any(folder.iterdir()):
            shutil.rmtree(path, ignore_errors=True)
            folder.rename(path)


def dumps(value: Any) -> str:
    """One line of JSON: sorted keys, no NaN, non-ASCII kept."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON with sorted keys; NaN raises ValueError."""
    with atomic(path) as file:
        file.write(json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file that a stage wrote.

    Raises:
        TableError: the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError as problem:
        raise TableError(f"{path} is missing. Write it with: dvc repro") from problem
    except json.JSONDecodeError as problem:
        raise TableError(f"{path} is not JSON: {problem}. Write it again with: dvc repro --force") from problem


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSONL file, one by one.

    Raises:
        TableError: a line is not a JSON object in UTF-8; names the file and the line.
    """
    if not path.exists():
        raise TableError(f"{path} is missing. Write it with: dvc repro")
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if not raw.strip():
                continue
            try:
                row = json.loads(raw.decode("utf-8-sig" if number == 1 else "utf-8").strip())
            except json.JSONDecodeError as problem:
                found = f"{problem.msg} at character {problem.pos + 1}"
                raise TableError(f"{path}, line {number}: not a JSON object: {found}") from problem
            except UnicodeDecodeError as problem:
                raise TableError(f"{path}, line {number}: not UTF-8 ({problem.reason}); save it as UTF-8") from problem
            if not isinstance(row, dict):
                raise TableError(f"{path}, line {number}: found {type(row).__name__}, expected a JSON object")
            yield row


def write_lines(path: Path, rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> int:
    """Write objects as JSONL; returns how many."""
    count = 0
    with atomic(path) as file:
        for row in rows:
            file.write(dumps(row) + "\n")
            count += 1
    return count


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet; equal tables give equal bytes."""
    with atomic(path, "wb") as file:
        table.to_parquet(file, engine="pyarrow", index=False, compression="zstd")
