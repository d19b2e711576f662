"""The user's own queries: JSONL, CSV or Parquet, with as few or as many columns as there are."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pointsman.queries.base import Query
from pointsman.routers.base import is_conversation, router_text
from pointsman.tables.foreign import Row, half_surrogate, kind_of, read_rows
from pointsman.tables.io import TableError
from pointsman.tables.schemas import ROLES, SPLITS

_TEXTS = ("id", "category", "family", "split", "difficulty", *(f"{role}_response" for role in ROLES))
_RANGES = {"rating": (1.0, 5.0), "score": (0.0, 1.0), "cost": (0.0, math.inf)}
_NUMBERS = {f"{role}_{name}": bounds for role in ROLES for name, bounds in _RANGES.items()}
_OBJECTS = {"reference": dict, "messages": list}
COLUMNS = ("prompt", *_TEXTS, *_NUMBERS, *_OBJECTS)
_PROMPT_EXPECTED = "the query's text (name its column: 'queries.columns={prompt: COLUMN}', or --column prompt=COLUMN)"


def generate(path: Path, columns: dict[str, str], max_prompt_chars: int) -> Iterator[Query]:
    """Yield the file's queries in order; `columns` maps our column names to the file's (dots reach into objects).

    Raises:
        TableError: names the file, the row (from 1) and the column of the first value that is not allowed.
    """
    unknown = sorted(set(columns) - set(COLUMNS))
    if unknown:
        raise TableError(f"columns: unknown name {unknown[0]!r}; allowed: {', '.join(COLUMNS)}")
    seen: dict[str, int] = {}
    number = 0
    for number, row in enumerate(_read(path), start=1):
        query = _query(_Cells(path, number, row, columns), max_prompt_chars)
        if query.given_id is not None and seen.setdefault(query.given_id, number) != number:
            first = seen[query.given_id]
            raise TableError(f"{path}, row {number}, column 'id': {query.given_id!r} is already in row {first}")
        yield query
    if number == 0:
        raise TableError(f"{path} holds no rows, expected one query a row with a column 'prompt'")


class _Cells:
    """One row's values under our names, each checked on the way out."""

    def __init__(self, path: Path, number: int, row: Row, columns: dict[str, str]) -> None:
        self._where = f"{path}, row {number}"
        self._row = row
        self._columns = columns

    def error(self, name: str, found: str, expected: str) -> TableError:
        return TableError(
            f"{self._where}, column {self._columns.get(name, name)!r}: found {found}, expected {expected}"
        )

    def columns(self) -> str:
        """The row's own column names."""
        return ", ".join(map(str, self._row))

    def value(self, name: str) -> Any:
        """The raw value, None where absent or empty."""
        value = _lookup(self._row, self._columns.get(name, name))
        if name in self._columns and value is _ABSENT:
            raise self.error(name, f"no such column among {self.columns()}", "the name of a column")
        return None if value is _ABSENT or value == "" else value

    def text(self, name: str) -> str | None:
        value = self.value(name)
        if isinstance(value, str):
            self._encodable(name, value)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int) and name == "id":
            return str(value)
        raise self.error(name, repr(value), "text")

    def number(self, name: str, low: float, high: float) -> float | None:
        value = self.value(name)
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not low <= number <= high or math.isinf(number):
            raise self.error(name, repr(value), f"a number from {low:g} to {high:g}")
        return number

    def object(self, name: str, kind: type) -> Any:
        value = self.value(name)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except json.JSONDecodeError as problem:
                raise self.error(name, repr(value[:80]), f"JSON ({problem})") from problem
        if value is not None and not isinstance(value, kind):
            raise self.error(name, type(value).__name__, f"a JSON {'object' if kind is dict else 'array'}")
        self._encodable(name, json.dumps(value, ensure_ascii=False, default=str))
        return value

    def _encodable(self, name: str, text: str) -> None:
        if (half := half_surrogate(text)) is not None:
            raise self.error(name, half, "text that UTF-8 can hold (half an emoji?)")


def _query(cells: _Cells, max_prompt_chars: int) -> Query:
    texts = {name: cells.text(name) for name in _TEXTS}
    objects = {name: cells.object(name, kind) for name, kind in _OBJECTS.items()}
    if texts["split"] not in (None, *SPLITS):
        raise cells.error("split", repr(texts["split"]), f"one of {', '.join(SPLITS)}")
    responses = {name: text for name, text in texts.items() if name.endswith("_response") and text}
    numbers = {name: cells.number(name, *bounds) for name, bounds in _NUMBERS.items()}
    return Query(
        prompt=_prompt(cells, objects["messages"], max_prompt_chars),
        category=texts["category"] or "general",
        family=texts["family"] or texts["category"] or "general",
        source="file",
        difficulty=texts["difficulty"],
        reference=objects["reference"],
        messages=objects["messages"],
        given_id=texts["id"],
        given_split=texts["split"],
        given=responses | {name: number for name, number in numbers.items() if number is not None},
    )


def _prompt(cells: _Cells, messages: list[Any] | None, max_prompt_chars: int) -> str:
    """The prompt column, or the last user message of a conversation."""
    prompt = cells.text("prompt")
    if messages is not None and not is_conversation(messages):
        raise cells.error("messages", repr(messages)[:80], "objects with role and content")
    if prompt is None and messages is not None:
        prompt = router_text("", [message for message in messages if message["role"] == "user"][-1:]) or None
    elif messages and not router_text("", messages).strip():
        raise cells.error(
            "messages", "no text of a user", "a message of a user, which the router reads; or no messages"
        )
    if prompt is None:
        raise cells.error("prompt", f"nothing among {cells.columns()}", _PROMPT_EXPECTED)
    if not prompt.strip():
        raise cells.error("prompt", "blank text", "the query's text")
    if len(prompt) > max_prompt_chars:
        raise cells.error(
            "prompt", f"{len(prompt):,} characters", f"at most {max_prompt_chars:,} (queries.max_prompt_chars)"
        )
    return prompt


_ABSENT = object()


def _lookup(row: Row, name: str) -> Any:
    """A column by its name; where there is none, dots reach into objects (`scores.model-3.1` too)."""
    if name in row:
        return row[name]
    parts = name.split(".")
    for cut in range(1, len(parts)):
        child = row.get(".".join(parts[:cut]))
        if isinstance(child, dict):
            return _lookup(child, ".".join(parts[cut:]))
    return _ABSENT


def _read(path: Path) -> Iterator[Row]:
    kind_of(path)
    if not path.is_file():
        found = "is no file" if path.exists() else "does not exist"
        raise TableError(f"{path} {found}. Name your file with queries.path=FILE, or --input FILE")
    return read_rows(path)
