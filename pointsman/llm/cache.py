"""Answers that were paid for: one SQLite file, safe against crashes and against two processes at once."""

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pointsman.llm.errors import CacheError
from pointsman.llm.types import Answer, Logprob, Origin, Request
from pointsman.tables.io import dumps

_VERSION = 1
_TABLE = """
CREATE TABLE answers (
    key TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    model_hash TEXT,
    temperature REAL NOT NULL,
    max_tokens INTEGER NOT NULL,
    answer TEXT NOT NULL,     -- JSON: response, finish_reason, tokens, first_token, served_by
    billed REAL,              -- US dollars, where the provider said so
    latency_s REAL,
    answered_at REAL NOT NULL, -- seconds since 1970
    used_at REAL NOT NULL
) WITHOUT ROWID
"""
_GO_ON = "What was answered before is kept: {}, and run the same command again"
_REMEDIES = {
    "is full": _GO_ON.format("free some space on the disk"),
    "disk I/O": _GO_ON.format("free some space on the disk, or see to the disk"),
    "is locked": _GO_ON.format("wait until the other process that writes to it has ended"),
    "readonly": _GO_ON.format("make the file and its folder writable"),
    "Permission denied": _GO_ON.format("make the file and its folder readable and writable"),
}
_BEGIN_ANEW = "Move the file away to begin with an empty cache"
_FIELDS = ("response", "finish_reason", "prompt_tokens", "completion_tokens", "served_by", "served_model")
_BATCH = 500
COLUMNS = (
    "key",
    "provider",
    "model",
    "model_hash",
    "temperature",
    "max_tokens",
    "answer",
    "billed",
    "latency_s",
    "answered_at",
    "used_at",
)


class Kept(NamedTuple):
    """A cached answer, and the dollars billed for it, where the provider said so."""

    answer: Answer
    billed: float | None


class Entry(NamedTuple):
    """A request and its answer, ready to be kept."""

    request: Request
    kept: Kept


class Cache:
    """The open file; `opened` makes one. One thread at a time may use it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def lookup(self, keys: Sequence[str]) -> dict[str, Kept]:
        """Answers to those of the keys that are known."""
        found: dict[str, Kept] = {}
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            query = f"SELECT key, answer, billed, latency_s FROM answers WHERE key IN ({marks})"  # noqa: S608
            rows = self._connection.execute(query, batch).fetchall()
            found.update((key, Kept(_answer(key, text, latency_s), billed)) for key, text, billed, latency_s in rows)
            with self._connection:
                use = f"UPDATE answers SET used_at = ? WHERE key IN ({marks})"  # noqa: S608
                self._connection.execute(use, (time.time(), *batch))
        return found

    def store(self, entries: Iterable[Entry]) -> None:
        """Keep answers; all are on the disk when this returns. An error is not kept."""
        rows = [_row(entry, time.time()) for entry in entries if entry.kept.answer.error is None]
        with self._connection:
            self._connection.executemany(f"INSERT OR REPLACE INTO answers VALUES ({','.join('?' * 11)})", rows)  # noqa: S608

    def add(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Take over rows of another cache, as `rows` gives them, that are not known; returns how many."""
        before = self._connection.total_changes
        with self._connection:
            self._connection.executemany(
                f"INSERT OR IGNORE INTO answers VALUES ({','.join(f':{name}' for name in COLUMNS)})",  # noqa: S608
                rows,
            )
        return self._connection.total_changes - before

    def prune(self, unused_since: float) -> int:
        """Delete answers that no run has used since a time (seconds since 1970); returns how many."""
        with self._connection:
            deleted = self._connection.execute("DELETE FROM answers WHERE used_at < ?", (unused_since,)).rowcount
        self._connection.execute("VACUUM")
        return deleted

    def stats(self) -> list[dict[str, Any]]:
        """For each provider and model: answers, tokens, dollars billed, bytes, and when it was used first and last."""
        cursor = self._connection.execute(
            "SELECT provider, model, count(*) AS answers, sum(answer ->> 'prompt_tokens') AS prompt_tokens, "
            "sum(answer ->> 'completion_tokens') AS completion_tokens, sum(billed) AS billed, "
            "sum(length(answer)) AS bytes, min(answered_at) AS first_answered_at, max(used_at) AS last_used_at "
            "FROM answers GROUP BY provider, model ORDER BY provider, model"
        )
        return _dicts(cursor)

    def rows(self, provider: str | None = None, used_since: float = 0.0) -> list[dict[str, Any]]:
        """Everything kept of a provider's answers (null: of all) that were used since a time (seconds since 1970)."""
        cursor = self._connection.execute(
            "SELECT * FROM answers WHERE provider = coalesce(?, provider) AND used_at >= ? ORDER BY key",
            (provider, used_since),
        )
        return _dicts(cursor)


def _dicts(cursor: sqlite3.Cursor) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _row(entry: Entry, now: float) -> tuple[Any, ...]:
    request, (answer, billed) = entry
    asked = (request.key, request.provider, request.model, request.model_hash, request.temperature, request.max_tokens)
    return (*asked, dumps(stored(answer)), billed, answer.latency_s, now, now)


def stored(answer: Answer) -> dict[str, Any]:
    """What cache and recordings keep of an answer, ready for JSON."""
    kept: dict[str, Any] = {name: getattr(answer, name) for name in _FIELDS}
    if answer.first_token:
        kept["first_token"] = [list(candidate) for candidate in answer.first_token]
    return kept


def restored(key: str, kept: dict[str, Any], origin: Origin, latency_s: float | None = None) -> Answer:
    """An answer from what `stored` made of it."""
    first_token = tuple(Logprob(token, logprob) for token, logprob in kept.get("first_token", ()))
    values: dict[str, Any] = {name: kept.get(name) for name in _FIELDS}
    return Answer(key=key, error=None, first_token=first_token, latency_s=latency_s, origin=origin, **values)


def _answer(key: str, text: str, latency_s: float | None) -> Answer:
    return restored(key, json.loads(text), "cache", latency_s)


@contextmanager
def opened(path: Path) -> Iterator[Cache]:
    """Open the cache, or make an empty one that its owner alone can read.

    Raises:
        CacheError: the file is no cache, or one of another version.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(path, timeout=60, check_same_thread=False)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            _prepare(connection, path)
            yield Cache(connection)
    except (sqlite3.DatabaseError, PermissionError) as problem:
        raise trouble(path, problem) from problem


def trouble(path: Path, problem: Exception) -> CacheError:
    """What is wrong with a file of answers, and what mends it; a file that is whole must not be thrown away."""
    said = str(problem)
    remedy = next((mend for sign, mend in _REMEDIES.items() if sign in said), _BEGIN_ANEW)
    return CacheError(f"{path}: {said}. {remedy}")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        elif version != _VERSION:
            raise CacheError(f"{path} has version {version}, this Pointsman reads version {_VERSION}. {_BEGIN_ANEW}")
