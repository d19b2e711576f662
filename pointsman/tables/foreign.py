"""Rows of a file that no stage wrote: a user's JSONL, CSV or Parquet, streamed in constant memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.tables.io import TableError, read_lines

if TYPE_CHECKING:
    import pyarrow.parquet as pq

Row = dict[str, Any]
SUFFIXES = (".jsonl", ".csv", ".parquet")


def kind_of(path: Path) -> str:
    """The file's suffix.

    Raises:
        TableError: it is not one that can be read and written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise TableError(f"{path}: found suffix {path.suffix!r}, expected one of {', '.join(SUFFIXES)}")
    return suffix


def half_surrogate(text: str) -> str | None:
    """The first half of a surrogate pair, escaped, or None: JSON may hold one, a file in UTF-8 cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as problem:
        return ascii(text[problem.start])
    return None


def read_rows(path: Path) -> Iterator[Row]:
    """The file's rows, one by one.

    Raises:
        TableError: names the file and the row or line that cannot be read.
    """
    readers: dict[str, Callable[[Path], Iterator[Row]]] = {
        ".jsonl": read_lines,
        ".csv": _read_csv,
        ".parquet": _read_parquet,
    }
    return readers[kind_of(path)](path)


def open_parquet(path: Path) -> pq.ParquetFile:
    """A Parquet file, opened.

    Raises:
        TableError: it is none.
    """
    import pyarrow.parquet as pq
    from pyarrow import ArrowException

    try:
        return pq.ParquetFile(path)
    except (ArrowException, OSError) as problem:
        raise TableError(f"{path}: not a Parquet file: {problem}") from problem


def _read_parquet(path: Path) -> Iterator[Row]:
    from pyarrow import ArrowException

    with open_parquet(path) as file:
        try:
            for batch in file.iter_batches(batch_size=1024):
                yield from batch.to_pylist()
        except (ArrowException, OSError) as problem:
            raise TableError(f"{path}: a damaged Parquet file: {problem}") from problem


def _read_csv(path: Path) -> Iterator[Row]:
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(_lines(path), strict=True)
    try:
        header = next(reader, [])
        if len(set(header)) != len(header):
            raise TableError(f"{path}, line 1: column names {header} repeat, expected different ones")
        for number, values in enumerate((values for values in reader if values), start=1):
            if len(values) != len(header):
                where = f"{path}, row {number} (line {reader.line_num})"
                raise TableError(f"{where}: found {len(values)} fields, expected {len(header)} as in the header")
            yield dict(zip(header, values, strict=True))
    except csv.Error as problem:
        raise TableError(f"{path}, line {reader.line_num}: not CSV: {problem}") from problem


def _lines(path: Path) -> Iterator[str]:
    """Lines with their ends; decoded one by one, so that an error names the right one."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as problem:
                raise TableError(f"{path}, line {number}: not UTF-8 ({problem.reason}); save it as UTF-8") from problem
