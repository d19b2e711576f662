"""Rows of JSONL, CSV and Parquet files, read in chunks and written as one file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pointsman.tables.foreign import Row, kind_of, open_parquet, read_rows
from pointsman.tables.io import TableError, atomic, read_lines


def count_rows(path: Path) -> int:
    """How many rows a file has."""
    if kind_of(path) == ".parquet":
        return int(open_parquet(path).metadata.num_rows)
    return sum(1 for _ in read_rows(path))


def read_chunks(path: Path, skip: int, size: int) -> Iterator[list[Row]]:
    """Rows after the first `skip`, `size` at a time; only one chunk is in memory.

    Raises:
        TableError: names the file and the row that cannot be read.
    """
    rows = islice(read_rows(path), skip, None)
    while chunk := list(islice(rows, size)):
        yield chunk


def write_jsonl(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as JSONL, atomically; keys keep their order, times become text."""
    with atomic(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def write_parquet(path: Path, rows: Sequence[Row], schema: pa.Schema | None = None) -> None:
    """Write rows as Parquet, atomically; without a schema it is inferred from all of them."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    try:
        if schema is None:
            table = pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})
        else:
            table = pa.Table.from_pylist(list(rows), schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as problem:
        raise TableError(f"{path}: a column mixes kinds of values: {problem}. Write .jsonl instead") from problem
    with atomic(path, "wb") as file:
        pq.write_table(table, file, compression="zstd")


def join_parts(parts: Sequence[Path], output: Path) -> None:
    """Make one file of parts, in their order: JSONL parts become JSONL or CSV, Parquet parts Parquet.

    Raises:
        TableError: a column has one type in one part and an incompatible one in another.
    """
    joiners: dict[str, Callable[[Sequence[Path], Path], None]] = {
        ".jsonl": _join_bytes,
        ".csv": _join_csv,
        ".parquet": _join_parquet,
    }
    joiners[kind_of(output)](parts, output)


def _join_bytes(parts: Sequence[Path], output: Path) -> None:
    with atomic(output, "wb") as file:
        for part in parts:
            file.write(part.read_bytes())


def _join_csv(parts: Sequence[Path], output: Path) -> None:
    names = list(dict.fromkeys(name for part in parts for row in read_lines(part) for name in row))
    with atomic(output) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for part in parts:
            writer.writerows([_cell(row.get(name)) for name in names] for row in read_lines(part))


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _join_parquet(parts: Sequence[Path], output: Path) -> None:
    try:
        schema = pa.unify_schemas([pq.read_schema(part) for part in parts], promote_options="permissive")
        with atomic(output, "wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for part in parts:
                writer.write_table(pq.read_table(part, schema=schema))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as problem:
        raise TableError(
            f"{output}: a column changes its type between rows: {problem}. Write .jsonl instead"
        ) from problem


def parquet_schema(path: Path) -> pa.Schema | None:
    """The columns and types of a Parquet file; null for other files."""
    return open_parquet(path).schema_arrow if kind_of(path) == ".parquet" else None
