"""A user's file through `dvc repro`, in a copy of the repository, with a tiny encoder in the place of MiniLM."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from factories import planted_table, tiny_base

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
COPIED = ("conf", "prompts", "pointsman", "stages", ".dvc/config", ".dvcignore", "dvc.yaml", "data/.gitignore")


def run(folder, *command, fails=False):
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
        "DVC_NO_ANALYTICS": "true",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert (done.returncode != 0) == fails, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A repository like a fresh clone, composed for a file of 120 labelled queries."""
    folder = tmp_path_factory.mktemp("project")
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    for name in ("data/recordings", "models", "reports"):
        (folder / name).mkdir(parents=True)
    run(folder, "git", "init", "--quiet")
    write_queries(folder / "mine.csv", planted_table(120))
    base = tiny_base(folder / "tiny")
    overrides = [
        "queries=file",
        "queries.path=mine.csv",
        "queries.columns={prompt: question}",
        f"embedder.weights={base}",
        f"router.bert.base={base}",
        "embedder.max_tokens=32",
        "router.bert.layers=null",
        "router.bert.max_tokens=32",
        "train=fast",
        "router.bert.train.frozen_layers=1",
        "evaluation.resamples=50",
    ]
    run(folder, sys.executable, "-m", "pointsman.config.compose", *overrides)
    run(folder, "dvc", "repro")
    return folder


def write_queries(path, table):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "weak_score", "strong_score"])
        writer.writerows(zip(table["text"], table["weak_score"], table["strong_score"], strict=True))


def read(folder, name):
    return json.loads((folder / name).read_text("utf-8"))


def test_the_report_is_there_and_no_model_was_asked(project):
    metrics = read(project, "reports/metrics.json")
    assert set(metrics["test"]["routers"]) >= {"semantic", "bert", "knn", "length", "oracle", "shuffled"}
    assert "llm" not in metrics["test"]["routers"]
    assert metrics["winner"]["router"] in ("semantic", "bert", "stack", "knn")
    assert "<title>" in (project / "reports/index.html").read_text("utf-8")
    assert not (project / ".cache/llm.sqlite").exists()
    assert read(project, "data/dataset.json")["cost_unit"] == "strong calls"


def test_a_second_run_does_nothing(project):
    assert "Data and pipelines are up to date." in run(project, "dvc", "repro")


def test_the_winner_scores_a_file(project):
    run(
        project,
        *(sys.executable, "-m", "pointsman.score", "--router", "models/router", "--text-column", "question"),
        *("--input", "mine.csv", "--output", "scored.csv"),
    )
    with (project / "scored.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 120
    assert {row["route"] for row in rows} <= {"weak", "strong"}


def test_metrics_plots_and_the_drawing_of_the_pipeline_are_shown(project):
    assert "reports/metrics.json" in run(project, "dvc", "metrics", "show")
    assert "train@bert" in run(project, "dvc", "dag")
    assert "index.html" in run(project, "dvc", "plots", "show")


def test_an_edited_file_reruns_and_a_broken_one_overwrites_nothing(project):
    before = (project / "data/queries.jsonl").read_bytes()
    with (project / "mine.csv").open("a", encoding="utf-8") as file:
        file.write("a new question,2,1\n")
    said = run(project, "dvc", "repro", fails=True)
    assert "mine.csv, row 121, column 'weak_score': found '2', expected a number from 0 to 1" in said
    assert (project / "data/queries.jsonl").read_bytes() == before
    lines = (project / "mine.csv").read_text("utf-8").splitlines()
    (project / "mine.csv").write_text("\n".join([*lines[:-1], "a new question,0,1"]) + "\n", "utf-8")
    run(project, "dvc", "repro", "queries")
    after = (project / "data/queries.jsonl").read_bytes()
    assert after.count(b"\n") == before.count(b"\n") + 1
