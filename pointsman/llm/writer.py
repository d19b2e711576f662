"""Answers of many requests, written in one transaction each time the disk is free."""

import asyncio
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pointsman.llm.cache import Cache, Entry, opened, trouble


class Writer:
    """Makes answers durable off the event loop; a commit takes along all that came during the one before."""

    def __init__(self, cache: Cache, thread: ThreadPoolExecutor, path: Path) -> None:
        self._cache = cache
        self._thread = thread
        self._path = path
        self._pending: list[tuple[Entry, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def store(self, entry: Entry) -> None:
        """Return when the answer is on the disk.

        Raises:
            CacheError: it cannot be written.
        """
        done = asyncio.get_running_loop().create_future()
        self._pending.append((entry, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._pending:
            batch = list(self._pending)
            entries = [entry for entry, _ in batch]
            problem: Exception | None = None
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._cache.store, entries)
            except Exception as failure:  # whatever it is, nobody may wait for ever
                problem = trouble(self._path, failure) if isinstance(failure, sqlite3.DatabaseError) else failure
            del self._pending[: len(batch)]  # not before: where the run is stopped meanwhile, `flush` has them
            for _, done in batch:
                if done.done():
                    continue
                if problem is None:
                    done.set_result(None)
                else:
                    done.set_exception(problem)

    def flush(self) -> None:
        """Write what came in when the run was stopped: it has been paid for."""
        if self._pending:
            self._cache.store([entry for entry, _ in self._pending])


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A writer for the time of the `with` block; what it was given is on the disk at the end."""
    with opened(path) as cache, ThreadPoolExecutor(max_workers=1, thread_name_prefix="answers") as thread:
        writer = Writer(cache, thread, path)
        try:
            yield writer
        finally:
            thread.shutdown()
            writer.flush()
