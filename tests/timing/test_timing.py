import pytest

from pointsman.tables.io import read_json
from pointsman.timing import collect_timings, timed


def test_a_block_leaves_its_seconds_and_facts(tmp_path):
    with timed(tmp_path / "train-bert.json", queries=12) as facts:
        facts["epochs"] = 3
    written = read_json(tmp_path / "train-bert.json")
    assert written["queries"] == 12 and written["epochs"] == 3
    assert 0 <= written["seconds"] < 60


def test_a_block_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="oops"), timed(tmp_path / "x.json"):
        raise ValueError("oops")
    assert list(tmp_path.iterdir()) == []


def test_timings_are_gathered_by_name(tmp_path):
    for name in ("b", "a"):
        with timed(tmp_path / f"{name}.json"):
            pass
    assert list(collect_timings(tmp_path)) == ["a", "b"]
    assert collect_timings(tmp_path / "none") == {}
