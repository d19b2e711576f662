"""What every file between stages must look like, checked at each boundary."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from pointsman.tables.io import TableError, read_lines, write_lines, write_parquet

SPLITS = ("train", "validation", "test", "test_unseen")
ROLES = ("weak", "strong")
METHODS = ("reference", "judge", "given")


def _optional(kind: type) -> pa.Check:
    return pa.Check(lambda value: value is None or isinstance(value, kind), element_wise=True, ignore_na=True)


_TEXT = pa.Column(str).dtype


def _text(**options: Any) -> pa.Column:
    return pa.Column(str, checks=options.pop("checks", None), **options)


def _number(low: float, high: float | None = None, *, nullable: bool = True) -> pa.Column:
    checks = [pa.Check.ge(low)] + ([] if high is None else [pa.Check.le(high)])
    return pa.Column(float, checks=checks, nullable=nullable, coerce=True)


def _count() -> pa.Column:
    return pa.Column(pd.Int64Dtype(), checks=pa.Check.ge(0), nullable=True, coerce=True)


_NOT_BLANK = pa.Check(lambda value: bool(value.strip()), element_wise=True, error="must not be blank")


def _object(kind: type) -> pa.Column:
    return pa.Column(object, checks=_optional(kind), nullable=True)


QUERIES = pa.DataFrameSchema(
    {
        "id": _text(unique=True, checks=_NOT_BLANK),
        "prompt": _text(checks=_NOT_BLANK),
        "category": _text(checks=_NOT_BLANK),
        "family": _text(checks=_NOT_BLANK),
        "source": _text(checks=_NOT_BLANK),
        "difficulty": _text(nullable=True),
        "split": _text(checks=pa.Check.isin(SPLITS)),
        "reference": _object(dict),
        "messages": _object(list),
        "metadata": _object(dict),
    },
    strict=True,
    ordered=False,
)

RESPONSES = pa.DataFrameSchema(
    {
        "id": _text(unique=True),
        "model": _text(nullable=True),
        "response": _text(nullable=True),
        "finish_reason": _text(nullable=True),
        "prompt_tokens": _count(),
        "completion_tokens": _count(),
        "cost": _number(0.0),
        "served_by": _text(nullable=True),
        "served_model": _text(nullable=True),
        "error": _text(nullable=True),
    },
    checks=pa.Check(
        lambda table: table["response"].notna() ^ table["error"].notna(), error="either a response or an error"
    ),
    strict=True,
)

RATINGS = pa.DataFrameSchema(
    {
        "id": _text(),
        "role": _text(checks=pa.Check.isin(ROLES)),
        "rating": _number(1.0, 5.0),
        "score": _number(0.0, 1.0),
        "method": _text(checks=pa.Check.isin(METHODS)),
        "rationale": _text(nullable=True),
        "judge_model": _text(nullable=True),
        "error": _text(nullable=True),
    },
    checks=pa.Check(lambda table: table["score"].notna() ^ table["error"].notna(), error="either a score or an error"),
    unique=["id", "role"],
    strict=True,
)

JUDGEMENTS = pa.DataFrameSchema(
    {
        "id": _text(),
        "role": _text(checks=pa.Check.isin(ROLES)),
        "repeat": pa.Column(int, checks=pa.Check.ge(0), coerce=True),
        "judge_model": _text(),
        "decides": pa.Column(bool, coerce=True),
        "guided": pa.Column(bool, coerce=True),
        "form": _text(),
        "repaired": pa.Column(bool, coerce=True),
        "rating": _number(1.0, 5.0),
        "preferred": _text(nullable=True, checks=pa.Check.isin((*ROLES, "tie"))),
        "weak_reference": _number(0.0, 1.0),
        "strong_reference": _number(0.0, 1.0),
        "rationale": _text(nullable=True),
        "error": _text(nullable=True),
    },
    checks=pa.Check(
        lambda table: table["rating"].notna().astype(int) + table["preferred"].notna() + table["error"].notna() == 1,
        error="a rating, a preference or an error",
    ),
    unique=["id", "role", "repeat"],
    strict=True,
)

DATASET = pa.DataFrameSchema(
    {
        "id": _text(unique=True),
        "text": _text(),
        "category": _text(),
        "family": _text(),
        "difficulty": _text(nullable=True),
        "split": _text(checks=pa.Check.isin(SPLITS)),
        "weak_score": _number(0.0, 1.0, nullable=False),
        "strong_score": _number(0.0, 1.0, nullable=False),
        "gain": _number(-1.0, 1.0, nullable=False),
        "weak_cost": _number(0.0, nullable=False),
        "strong_cost": _number(0.0, nullable=False),
    },
    strict=True,
)

SCORES = pa.DataFrameSchema(
    {
        "id": _text(unique=True),
        "split": _text(checks=pa.Check.isin(SPLITS)),
        "score": _number(0.0, 1.0, nullable=False),
        "raw": _number(float("-inf"), nullable=False),
        "router_cost": _number(0.0, nullable=False),
    },
    strict=True,
)


def check(table: pd.DataFrame, schema: pa.DataFrameSchema, name: str) -> pd.DataFrame:
    """Return the table with its columns in the schema's order and types.

    Raises:
        TableError: names the table and, of the first breach, its column, row, value and the check.
    """
    try:
        return schema.validate(table, lazy=True)[list(schema.columns)]
    except SchemaErrors as problem:
        first = problem.failure_cases.iloc[0]
        row = "" if pd.isna(first["index"]) else f", row {int(first['index']) + 1}"
        raise TableError(
            f"{name}{row}, column {first['column']!r}: found {_plain(first['failure_case'])!r}, "
            f"expected {first['check']} ({len(problem.failure_cases)} breaches in all)"
        ) from problem


def read_table(path: Path, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Read a JSONL or Parquet file that a stage wrote, and check it."""
    if path.suffix == ".parquet":
        if not path.exists():
            raise TableError(f"{path} is missing. Write it with: dvc repro")
        return check(pd.read_parquet(path), schema, str(path))
    return check(frame(read_lines(path), schema), schema, str(path))


def frame(rows: Iterable[dict[str, Any]], schema: pa.DataFrameSchema) -> pd.DataFrame:
    """A table of row objects with all of the schema's columns; what a row lacks is null."""
    listed = list(rows)
    names = list(schema.columns) + sorted({key for row in listed for key in row} - set(schema.columns))
    return pd.DataFrame({name: _series([row.get(name) for row in listed], schema.columns.get(name)) for name in names})


def _series(values: list[Any], column: pa.Column | None) -> pd.Series[Any]:
    """Objects stay objects (pandas would guess); text columns become pandas' string type, null where absent."""
    if column is not None and column.dtype == _TEXT and all(v is None or isinstance(v, str) for v in values):
        return pd.Series(values, dtype="str")
    if column is not None and column.coerce:
        return pd.Series(values)
    return pd.Series(values, dtype=object)


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The table's rows as objects ready for JSON: null instead of NaN, whole numbers whole."""
    columns = {name: [None if _missing(value) else _plain(value) for value in table[name]] for name in table.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def write_table(path: Path, table: pd.DataFrame, schema: pa.DataFrameSchema) -> None:
    """Check a table and write it, as JSONL or, by its suffix, Parquet."""
    checked = check(table, schema, str(path))
    if path.suffix == ".parquet":
        write_parquet(path, checked)
    else:
        write_lines(path, rows(checked))


def _missing(value: Any) -> bool:
    return not isinstance(value, dict | list) and bool(pd.isna(value))


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
