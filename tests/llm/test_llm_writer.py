"""Answers reach the disk, whatever stops the run."""

import asyncio
import threading
from pathlib import Path

import pytest
from llm_cases import request

from pointsman.llm.cache import Cache, Entry, Kept, opened
from pointsman.llm.errors import CacheError
from pointsman.llm.types import Answer
from pointsman.llm.writer import writing


def entry(text: str, response: str = "Because.") -> Entry:
    asked = request(text)
    return Entry(asked, Kept(Answer(asked.key, response, None), None))


def stored(path: Path, *entries: Entry) -> list[bool]:
    with opened(path) as cache:
        found = cache.lookup([one.request.key for one in entries])
    return [one.request.key in found for one in entries]


def test_what_came_during_a_commit_is_written_when_the_run_is_stopped_there(tmp_path, monkeypatch):
    path, begun, first, second = tmp_path / "llm.sqlite", threading.Event(), entry("a"), entry("b")
    store, go_on = Cache.store, threading.Event()

    def slow_store(self: Cache, entries: list[Entry]) -> None:
        begun.set()
        go_on.wait(10)
        store(self, entries)

    monkeypatch.setattr(Cache, "store", slow_store)

    async def run() -> None:
        stores = [asyncio.create_task(writer.store(first))]
        await asyncio.to_thread(begun.wait, 10)
        stores.append(asyncio.create_task(writer.store(second)))
        await asyncio.sleep(0)
        for task in stores:
            task.cancel()
        go_on.set()

    with writing(path) as writer:
        asyncio.run(run())
    assert stored(path, first, second) == [True, True]


def test_a_full_disk_says_how_to_go_on_and_keeps_what_is_there(tmp_path):
    path, large = tmp_path / "llm.sqlite", entry("large", "x" * 100_000)

    async def run() -> None:
        await writer.store(entry("small"))
        writer._cache._connection.execute("PRAGMA max_page_count = 10")
        await writer.store(large)

    with (
        pytest.raises(CacheError, match=r"is full. What was answered before is kept: free some space"),
        writing(path) as writer,
    ):
        asyncio.run(run())
    assert stored(path, entry("small"), large) == [True, False]


def test_whatever_goes_wrong_nobody_waits_for_ever(tmp_path):
    async def run() -> None:
        await asyncio.wait_for(writer.store(entry("a", "half \ud83d")), 10)

    with pytest.raises(UnicodeEncodeError), writing(tmp_path / "llm.sqlite") as writer:
        asyncio.run(run())
