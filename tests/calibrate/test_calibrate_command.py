"""`python -m pointsman.calibrate` on a packaged router whose scores are known."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from pointsman.calibrate import __main__ as command_line
from pointsman.errors import PointsmanError
from pointsman.routers.files import read_manifest, write_manifest
from pointsman.score.scorer import Scorer, Verdicts

FOLDER = Path("models/router")


@pytest.fixture(autouse=True)
def router(tmp_path, monkeypatch):
    """A router that scores a query by the number in it, packaged with the threshold 0.5."""
    monkeypatch.chdir(tmp_path)
    write_manifest(FOLDER, {"router": "bert", "files": {}, "threshold": 0.5, "version": "old"})

    def score(texts):
        return Verdicts(np.array([float(text.split()[-1]) / 100 for text in texts]), None)

    monkeypatch.setattr(command_line, "make_scorer", lambda *_: Scorer("bert", 0.5, "id", score))


@pytest.fixture
def calibrate(monkeypatch, capsys):
    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["calibrate", "--router", str(FOLDER), *arguments])
        command_line.main()
        return capsys.readouterr().out

    return run


def traffic(path="traffic.jsonl", **columns) -> str:
    rows = [{"prompt": f"query {n}"} | {name: make(n) for name, make in columns.items()} for n in range(100)]
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_share_needs_queries_alone(calibrate):
    said = calibrate("--strong-share", "0.3", "--input", traffic())
    assert "threshold 0.695, from 100 queries of traffic.jsonl" in said
    assert "sent to the strong model: 30.0% (95 % interval" in said
    assert "unknown without labels" in said
    assert "unknown without costs" in said
    assert read_manifest(FOLDER)["threshold"] == 0.5


def test_a_quality_is_found_from_labels_and_applied(calibrate):
    labelled = traffic(weak_score=lambda n: float(n < 60), strong_score=lambda _: 1.0)
    said = calibrate("--keep-quality", "0.9", "--input", labelled, "--apply")
    assert "threshold 0.695" in said
    assert "threshold 0.5 -> 0.695. Restart the service" in said
    manifest = read_manifest(FOLDER)
    assert manifest["threshold"] == pytest.approx(0.695)
    assert manifest["version"] != "old"


def test_ratings_are_scores_too(calibrate):
    rated = traffic(weak_rating=lambda n: 5 if n < 60 else 1, strong_rating=lambda _: 5)
    assert "threshold 0.695" in calibrate("--keep-quality", "0.9", "--input", rated)


def test_a_budget_takes_costs_of_rows_or_averages(calibrate):
    averages = ("--weak-usd-per-1k", "1", "--strong-usd-per-1k", "11")
    said = calibrate("--budget-usd-per-1k", "3", "--input", traffic(), *averages)
    assert "sent to the strong model: 20.0%" in said
    assert "USD for 1,000 queries:    3.0000" in said
    priced = traffic(weak_cost=lambda _: 0.001, strong_cost=lambda _: 0.011)
    assert "sent to the strong model: 20.0%" in calibrate("--budget-usd-per-1k", "3", "--input", priced)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--keep-quality", "0.9"), "lacks weak_score and strong_score .* --column weak_score=…"),
        (("--budget-usd-per-1k", "3"), "lacks weak_cost and strong_cost .* --weak-usd-per-1k"),
        (("--strong-share", "1.5"), "the share of strong calls is 1.5, expected a number from 0 to 1"),
    ],
)
def test_what_is_missing_is_named(calibrate, arguments, says):
    with pytest.raises(PointsmanError, match=says):
        calibrate(*arguments, "--input", traffic())


def test_few_queries_come_with_a_warning(calibrate):
    Path("few.csv").write_text("question\nquery 10\nquery 90\n", "utf-8")
    said = calibrate("--strong-share", "0.5", "--input", "few.csv", "--column", "prompt=question")
    assert said.startswith("warning: 2 queries settle little")


def test_a_trained_router_has_no_threshold_to_change(calibrate):
    write_manifest(FOLDER, {"router": "bert"})
    with pytest.raises(PointsmanError, match="holds a trained router, not a packaged one"):
        calibrate("--strong-share", "0.5", "--input", traffic(), "--apply")


def test_a_column_is_mapped_by_a_pair(calibrate, capsys):
    with pytest.raises(SystemExit):
        calibrate("--strong-share", "0.5", "--input", traffic(), "--column", "prompt")
    assert "'prompt' is no OURS=YOURS, e.g. prompt=question" in capsys.readouterr().err
