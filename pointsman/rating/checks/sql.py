"""References of kind sql: the response's one SELECT gives the expected rows on the reference's tables.

The query runs in this process on a database in memory. SQLite's authorizer lets it read tables and call
functions, nothing else; its work, its row count and the size of a value are limited. What remains is trust in
SQLite's own parser and functions.
"""

import math
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_MOST_STEPS = 2_000_000
_STEPS_A_LOOK = 100
_MOST_CPU_S = 2.0
_MOST_ROWS = 10_000
_LONGEST_VALUE = 10_000  # bytes; a function's work on one value is not interrupted, so values stay small
_LONGEST_QUERY_CHARS = 10_000
_TOLERANCE = 1e-6
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
# The first two reach past the database, the others fill memory or spin on one call, e.g. printf('%.*c', 1e9, 1).
_FORBIDDEN_FUNCTIONS = {"load_extension", "fts3_tokenizer", "randomblob", "zeroblob", "printf", "format"}
_FENCE = re.compile(r"```[ \t]*(?P<language>\w*)[^\n]*\n(?P<code>.*?)(?:```|\Z)", re.S)
_QUERY = re.compile(r"(?:^|(?<=[\s:`]))(?P<query>(?:SELECT|WITH)\b.*)", re.S | re.I)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)


class SqlReferenceError(ValueError):
    """The reference's own tables or query do not work."""


Rows = list[tuple[Any, ...]]


def is_right(response: str, reference: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether the rows of the response's query are the expected ones, in order only where `ordered`.

    Numbers may differ by 1e-6; column names do not matter, their number and order do.

    Raises:
        SqlReferenceError: the reference's script or query fails.
    """
    queries = extract_queries(response)
    if len(queries) != 1:
        return False, "no SELECT found" if not queries else f"{len(queries)} queries, expected one"
    expected = _expected(reference)
    try:
        found = _select(str(reference["schema"]), queries[0])
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as problem:
        return False, f"{type(problem).__name__}: {problem}"[:200]
    same = _same(found, expected, ordered=bool(reference.get("ordered")))
    return same, f"{len(found)} rows, {len(expected)} expected"


def extract_queries(response: str) -> list[str]:
    """The SELECT (or WITH) statements of the first code block that holds one, or of the text."""
    text = re.sub(r"<think>.*?</think>", "", response, flags=re.S)
    blocks = [match["code"] for match in _FENCE.finditer(text)]
    for block in [*blocks, *([] if blocks else [text])]:
        queries = _queries(block)
        if queries:
            return queries
    return []


def _queries(text: str) -> list[str]:
    """Statements that select; what follows the last semicolon counts only if it is a statement itself."""
    pieces = [piece.strip() for piece in _statements(_COMMENT.sub(" ", text))]
    found = [match["query"] for piece in pieces if piece and (match := _QUERY.search(piece))]
    return [_without_prose(query) for query in found]


def _statements(text: str) -> list[str]:
    """Split at semicolons outside quotes."""
    return re.findall(r"(?:[^;'\"]|'(?:[^']|'')*'|\"[^\"]*\"|['\"])+", text)


def _without_prose(query: str) -> str:
    """A query ends at an empty line that prose follows, and at a backtick."""
    query = query.split("`")[0]
    kept, *rest = re.split(r"\n\s*\n", query)
    for part in rest:
        if re.match(
            r"\s*(?:FROM|WHERE|GROUP|ORDER|HAVING|LIMIT|UNION|SELECT|JOIN|LEFT|INNER|ON|AND|OR|\))", part, re.I
        ):
            kept += "\n" + part
        else:
            break
    return kept


def _expected(reference: Mapping[str, Any]) -> Rows:
    if reference.get("expected") is not None:
        return [tuple(row) for row in reference["expected"]]
    try:
        return _select(str(reference["schema"]), str(reference["answer"]))
    except (sqlite3.Error, sqlite3.Warning) as problem:
        raise SqlReferenceError(f"the reference's query fails: {problem}") from problem


def _select(schema: str, query: str) -> Rows:
    """Rows of one query on fresh tables; raises sqlite3.Error where it does more or takes too long."""
    connection = sqlite3.connect(":memory:")
    try:
        _create(connection, schema)
        for limit, most in (
            (sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE),
            (sqlite3.SQLITE_LIMIT_SQL_LENGTH, _LONGEST_QUERY_CHARS),
            (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
            (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100),
        ):
            connection.setlimit(limit, most)
        connection.set_authorizer(_authorize)
        connection.set_progress_handler(_watch(), _STEPS_A_LOOK)
        rows: Rows = connection.execute(query).fetchmany(_MOST_ROWS)
        return rows
    finally:
        connection.close()


def _watch() -> Callable[[], bool]:
    """Says when a query has had its share of steps or of this thread's processor time."""
    looks, end_s = iter(range(_MOST_STEPS // _STEPS_A_LOOK)), time.thread_time() + _MOST_CPU_S
    return lambda: next(looks, None) is None or time.thread_time() > end_s


def _create(connection: sqlite3.Connection, schema: str) -> None:
    try:
        connection.executescript(schema)
    except (sqlite3.Error, sqlite3.Warning) as problem:
        raise SqlReferenceError(f"the reference's schema fails: {problem}") from problem


def _authorize(action: int, _: str | None, function: str | None, *__: object) -> int:
    if action not in _ALLOWED or (action == sqlite3.SQLITE_FUNCTION and str(function).lower() in _FORBIDDEN_FUNCTIONS):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _same(found: Rows, expected: Rows, *, ordered: bool) -> bool:
    if len(found) != len(expected):
        return False
    if ordered:
        return all(_same_row(one, other) for one, other in zip(found, expected, strict=True))
    rest = Counter(_rounded(row) for row in expected)
    rest.subtract(_rounded(row) for row in found)
    if not any(rest.values()):
        return True
    left = list(expected)
    for row in found:
        place = next((n for n, other in enumerate(left) if _same_row(row, other)), None)
        if place is None:
            return False
        del left[place]
    return True


def _rounded(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(round(value, 6) + 0.0 if isinstance(value, int | float) else value for value in row)


def _same_row(row: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(row) == len(other) and all(_same_value(a, b) for a, b in zip(row, other, strict=True))


def _same_value(value: Any, other: Any) -> bool:
    if isinstance(value, int | float) and isinstance(other, int | float):
        return math.isclose(value, other, rel_tol=0, abs_tol=_TOLERANCE)
    return bool(type(value) is type(other) and value == other)
