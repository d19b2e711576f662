import os
import sqlite3
import stat

import pytest
from llm_cases import request

from pointsman.llm.cache import Entry, Kept, opened
from pointsman.llm.errors import CacheError
from pointsman.llm.types import Answer, Logprob


def answer(key: str, **changes) -> Answer:
    values = {"response": "Because.", "error": None, "finish_reason": "stop", "latency_s": 0.5, **changes}
    return Answer(key=key, prompt_tokens=3, completion_tokens=2, served_by="host", **values)


def test_an_answer_survives_closing(tmp_path):
    asked = request()
    with opened(tmp_path / "deep" / "llm.sqlite") as cache:
        cache.store([Entry(asked, Kept(answer(asked.key, first_token=(Logprob("A", -0.5),)), 0.01))])
    with opened(tmp_path / "deep" / "llm.sqlite") as cache:
        found = cache.lookup([asked.key, "unknown"])
    assert found == {asked.key: (answer(asked.key, first_token=(Logprob("A", -0.5),), origin="cache"), 0.01)}


def test_an_answer_is_on_disk_before_the_cache_is_closed(tmp_path):
    asked = request()
    with opened(tmp_path / "llm.sqlite") as cache:
        cache.store([Entry(asked, Kept(answer(asked.key), None))])
        with opened(tmp_path / "llm.sqlite") as other:
            assert asked.key in other.lookup([asked.key])


def test_errors_are_not_kept(tmp_path):
    asked = request()
    with opened(tmp_path / "llm.sqlite") as cache:
        cache.store([Entry(asked, Kept(Answer(key=asked.key, response=None, error="refused"), None))])
        assert cache.lookup([asked.key]) == {}


def test_more_keys_than_sqlite_takes_variables(tmp_path):
    with opened(tmp_path / "llm.sqlite") as cache:
        for number in range(3):
            asked = request(str(number))
            cache.store([Entry(asked, Kept(answer(asked.key), None))])
        keys = [request(str(number)).key for number in range(40_000)]
        assert len(cache.lookup(keys)) == 3


def test_only_the_owner_can_read_it(tmp_path):
    previous = os.umask(0)
    try:
        with opened(tmp_path / "llm.sqlite") as cache:
            cache.store([Entry(request(), Kept(answer(request().key), None))])
            modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(previous)
    assert modes == {0o600}


def test_rows_can_be_limited_to_what_a_later_run_used(tmp_path):
    old, used = request("old"), request("used")
    with opened(tmp_path / "llm.sqlite") as cache:
        for asked in (old, used):
            cache.store([Entry(asked, Kept(answer(asked.key), None))])
        since = max(row["used_at"] for row in cache.rows("remote")) + 1e-6
        cache.lookup([used.key])
        assert [row["key"] for row in cache.rows("remote", since)] == [used.key]
        assert cache.rows("another provider") == []


@pytest.mark.parametrize("kept_share", [0.0, 0.3, 0.5, 0.77, 0.999])
def test_a_log_that_was_half_written_gives_what_was_committed_before(tmp_path, kept_share):
    whole, torn = tmp_path / "llm.sqlite", tmp_path / "torn.sqlite"
    keys = [request(str(number)).key for number in range(20)]
    with opened(whole) as cache:
        for number, key in enumerate(keys):
            cache.store([Entry(request(str(number)), Kept(answer(key), None))])
        torn.write_bytes(whole.read_bytes())
        log = whole.with_name("llm.sqlite-wal").read_bytes()
        torn.with_name("torn.sqlite-wal").write_bytes(log[: int(len(log) * kept_share)])
    with opened(torn) as cache:
        found = cache.lookup(keys)
        assert found.keys() == set(keys[: len(found)])
        assert len(found) >= int(20 * kept_share) - 3
        cache.store([Entry(request("new"), Kept(answer(request("new").key), None))])


def test_a_file_that_is_no_cache_is_named(tmp_path):
    (tmp_path / "llm.sqlite").write_text("not a database, but long enough to be taken for one" * 100)
    with (
        pytest.raises(CacheError, match=r"llm\.sqlite: file is not a database. Move the file away"),
        opened(tmp_path / "llm.sqlite"),
    ):
        pass


def test_a_full_disk_is_named_and_costs_no_answer(tmp_path):
    with opened(tmp_path / "llm.sqlite") as cache:
        kept = request("kept")
        cache.store([Entry(kept, Kept(answer(kept.key), None))])
    with (
        pytest.raises(
            CacheError,
            match=r"llm\.sqlite: database or disk is full. What was answered before is kept: free some space on the disk",
        ),
        opened(tmp_path / "llm.sqlite") as cache,
    ):
        cache._connection.execute("PRAGMA max_page_count = 1")  # SQLite takes this for a full disk
        cache.store([Entry(request("long"), Kept(answer("k", response="x" * 100_000), None))])
    with opened(tmp_path / "llm.sqlite") as cache:
        assert set(cache.lookup([kept.key])) == {kept.key}


def test_a_cache_of_another_version_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "llm.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    with (
        pytest.raises(CacheError, match="has version 99, this Pointsman reads version 1"),
        opened(tmp_path / "llm.sqlite"),
    ):
        pass
