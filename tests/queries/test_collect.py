import json
from pathlib import Path

import pytest

from pointsman.config.queries import QueriesConfig
from pointsman.llm.types import Answer
from pointsman.queries.collect import Tools, collect
from pointsman.tables.io import TableError
from pointsman.tables.schemas import QUERIES, check, frame

BASE = {
    "path": "unused",
    "near_duplicate_similarity": None,
    "max_prompt_chars": 1000,
    "unseen_share": 0.2,
    "splits": {"train": 0.6, "validation": 0.15, "test": 0.25},
}


def nothing(*_arguments):
    raise AssertionError("this source needs no model and no archive")


OFFLINE = Tools(fetch=nothing, ask=nothing, model_hash=nothing)


def config(sources, **options):
    return QueriesConfig.model_validate({**BASE, "sources": sources, **options})


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_a_users_file_becomes_rows_that_keep_what_it_brought(tmp_path):
    path = write_lines(
        tmp_path / "q.jsonl",
        [
            {"prompt": "One", "weak_score": 1, "split": "train"},
            {"prompt": "Two", "split": "test"},
            {"prompt": "one", "split": "test"},
        ],
    )
    collected = collect(config([{"kind": "file"}], path=path), 7, OFFLINE)
    check(frame(collected.rows, QUERIES), QUERIES, "queries")
    assert [(row["prompt"], row["split"]) for row in collected.rows] == [("One", "train"), ("Two", "test")]
    assert collected.rows[0]["metadata"] == {"given": {"weak_score": 1.0}}
    assert (collected.exact, collected.near) == (1, 0)


def test_a_limit_is_spread_over_the_families(tmp_path):
    rows = [{"prompt": f"{family} {i}", "family": family} for family in "abc" for i in range(20)]
    path = write_lines(tmp_path / "q.jsonl", rows)
    first = collect(config([{"kind": "file"}], path=path, limit=7), 7, OFFLINE).rows
    families = [row["family"] for row in first]
    assert sorted(families.count(family) for family in "abc") == [2, 2, 3]
    assert first == collect(config([{"kind": "file"}], path=path, limit=7), 7, OFFLINE).rows


class TestDollyAndCodeAlpaca:
    @pytest.fixture
    def source(self, tmp_path):
        dolly = [{"instruction": f"Tell me {i}", "context": "", "category": "open_qa"} for i in range(9)]
        code = [{"instruction": f"Sort {i}", "input": "[3, 1]", "output": "x"} for i in range(9)]
        return {
            "kind": "dolly_codealpaca",
            "dolly": write_lines(tmp_path / "dolly.jsonl", dolly),
            "codealpaca": write_lines(tmp_path / "code.jsonl", code),
            "count": 4,
        }

    def test_samples_both_and_joins_instruction_and_input(self, source):
        rows = collect(config([source]), 7, OFFLINE).rows
        assert [row["category"] for row in rows] == ["general"] * 4 + ["coding"] * 4
        assert rows[0]["family"] == "open_qa"
        assert rows[-1]["prompt"].startswith("Sort") and rows[-1]["prompt"].endswith("\n\n[3, 1]")
        assert rows == collect(config([source]), 7, OFFLINE).rows
        assert rows != collect(config([source]), 8, OFFLINE).rows

    def test_a_data_set_of_another_shape_is_refused(self, source, tmp_path):
        other = {**source, "dolly": write_lines(tmp_path / "other.jsonl", [{"text": "a"}])}
        with pytest.raises(TableError, match="lacks .'context', 'instruction'."):
            collect(config([other]), 7, OFFLINE)

    def test_an_unreachable_data_set_says_what_else_works(self, source, monkeypatch):
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(TableError, match="(?s)'nobody/nothing' cannot be read.*local JSONL"):
            collect(config([{**source, "dolly": "nobody/nothing"}]), 7, OFFLINE)


class TestModelWrittenQueries:
    SOURCE = {
        "kind": "llm",
        "provider": "local",
        "model": "m",
        "per_topic": 2,
        "categories": {"coding": ["SQL"], "factual": ["birds"]},
    }

    @pytest.fixture(autouse=True)
    def in_repository(self, monkeypatch):
        monkeypatch.chdir(Path(__file__).parents[2])

    def collect(self, responses):
        asked = []

        def ask(requests):
            asked.extend(requests)
            return [
                Answer(key=r.key, response=text, error=None if text else "down")
                for r, text in zip(requests, responses, strict=True)
            ]

        rows = collect(config([self.SOURCE]), 7, Tools(nothing, ask, lambda name: f"hash of {name}")).rows
        return asked, rows

    def test_structured_prose_and_cut_answers_are_understood(self):
        asked, rows = self.collect(
            ['Sure: {"queries": ["Join a and b?", "join a  and b?"]} Bye', '{"queries": ["Can emus fly?", "Wh']
        )
        assert [(row["prompt"], row["category"], row["family"]) for row in rows] == [
            ("Join a and b?", "coding", "coding: SQL"),
            ("Can emus fly?", "factual", "factual: birds"),
        ]
        assert "SQL" in asked[0].messages[0]["content"]
        assert asked[0].response_format["json_schema"]["schema"]["required"] == ["queries"]
        assert asked[0].model_hash == "hash of m"

    def test_a_numbered_list_is_understood_and_a_failed_answer_passed_over(self):
        _, rows = self.collect([None, "1. Can emus fly?\n2) Do owls see?\n"])
        assert [row["prompt"] for row in rows] == ["Can emus fly?", "Do owls see?"]

    def test_no_query_at_all_is_an_error_with_the_reason(self):
        with pytest.raises(TableError, match="wrote no query for 2 topics: down"):
            self.collect([None, None])
