"""Answers that were paid for: one SQLite file, safe against crashes and against two processes at once."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
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
_FIELDS = ("response", "finish_reason", "prompt_tokens", "completion_tokens", "served_by")
_BATCH = 500


class Kept(NamedTuple):
    """A cached answer, and the dollars billed for it, where the provider said so."""

    answer: Answer
    billed: float | None


class Cache:
    """The open file; `opened` makes one."""

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

    def store(self, request: Request, answer: Answer, billed: float | None) -> None:
        """Keep an answer; it is on the disk when this returns. An error is not kept."""
        if answer.error is not None:
            return
        now = time.time()
        values = (
            request.key,
            request.provider,
            request.model,
            request.model_hash,
            request.temperature,
            request.max_tokens,
            dumps(stored(answer)),
            billed,
            answer.latency_s,
            now,
            now,
        )
        with self._connection:
            self._connection.execute(f"INSERT OR REPLACE INTO answers VALUES ({','.join('?' * 11)})", values)  # noqa: S608

    def rows(self, provider: str, used_since: float = 0.0) -> list[dict[str, Any]]:
        """Everything kept of a provider's answers that were used since a time (seconds since 1970)."""
        cursor = self._connection.execute(
            "SELECT * FROM answers WHERE provider = ? AND used_at >= ? ORDER BY key", (provider, used_since)
        )
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


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
        with closing(sqlite3.connect(path, timeout=60)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            _prepare(connection, path)
            yield Cache(connection)
    except (sqlite3.DatabaseError, PermissionError) as problem:
        raise CacheError(f"{path}: {problem}. Move the file away to begin with an empty cache") from problem


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        elif version != _VERSION:
            raise CacheError(
                f"{path} has version {version}, this Pointsman reads version {_VERSION}. "
                "Move the file away to begin with an empty cache"
            )
