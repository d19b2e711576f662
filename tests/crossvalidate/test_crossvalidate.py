"""Cross-validation of routers that need no encoder of their own: kNN on made-up embeddings, and baselines."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from pointsman.calibrate.traffic import read_traffic
from pointsman.crossvalidate import __main__ as command_line
from pointsman.crossvalidate.folds import assign_folds, fit_data, rank_within, to_dataset
from pointsman.evaluation.outcomes import EvaluationError

ROOT = Path(__file__).parents[2]


def embed(texts):
    """A direction for each topic, and a little of its own for each text."""
    generator = np.random.default_rng(0)
    noise = generator.normal(0, 0.1, (len(texts), 8))
    vectors = np.array([np.eye(8)[int(text.split()[1])] for text in texts]) + noise
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def traffic(tmp_path, monkeypatch) -> str:
    """240 queries of eight topics; the strong model is needed for four of them."""
    monkeypatch.chdir(tmp_path)
    rows = [
        {"prompt": f"topic {n % 8} query {n}", "weak_score": float(n % 8 < 4), "strong_score": 1.0} for n in range(240)
    ]
    Path("labelled.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return "labelled.jsonl"


@pytest.fixture
def crossvalidate(traffic, monkeypatch, capsys):
    monkeypatch.setattr(command_line, "make_embedder", lambda *_: embed)
    params = str(ROOT / "params.yaml")

    def run(*arguments: str) -> tuple[str, dict]:
        shown = ["crossvalidate", "--input", traffic, "--params", params, "--output", "out/cv.json", *arguments]
        monkeypatch.setattr(sys, "argv", shown)
        command_line.main()
        return capsys.readouterr().out, json.loads(Path("out/cv.json").read_text("utf-8"))

    return run


def test_each_query_is_scored_by_a_router_that_did_not_see_it(crossvalidate):
    said, result = crossvalidate("--routers", "knn", "random", "shuffled")
    found = result["routers"]
    assert result["n"] == 240
    assert found["knn"]["apgr"] > 0.7
    assert abs(found["random"]["apgr"] - 0.5) < 0.1
    assert abs(found["shuffled"]["apgr"] - 0.5) < 0.15
    assert len(found["knn"]["apgr_of_folds"]) == 5
    assert found["knn"]["vs_length"]["ci"][0] > 0
    assert said.splitlines()[1].startswith("knn ")
    assert not list(Path("out").glob("*.partial"))


def test_a_run_that_was_stopped_goes_on(crossvalidate, monkeypatch):
    fitted = []
    fit = command_line.score_folds.__globals__["registry"].fit

    def counting(name, data, context):
        fitted.append(name)
        if len(fitted) == 3:
            raise KeyboardInterrupt
        return fit("knn", data, context)

    monkeypatch.setattr("pointsman.crossvalidate.run.registry.fit", counting)
    with pytest.raises(KeyboardInterrupt):
        crossvalidate("--routers", "bert", "--folds", "4")
    crossvalidate("--routers", "bert", "--folds", "4")
    assert len(fitted) == 3 + 2


def test_the_same_seed_gives_the_same_result(crossvalidate):
    assert crossvalidate("--routers", "knn") == crossvalidate("--routers", "knn")


def test_equal_texts_are_tested_together_and_folds_are_of_one_size():
    texts = [f"query {n % 150}" for n in range(300)]
    folds = assign_folds(texts, 5, seed=1)
    assert all(len({fold for fold, other in zip(folds, texts, strict=True) if other == text}) == 1 for text in texts)
    assert set(np.bincount(folds)) == {60}


def test_ranks_put_folds_together_whatever_the_scale_of_each():
    folds = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    ranks = rank_within(np.array([0.1, 0.2, 0.2, 0.9, 0.901, 0.902, 0.903, 0.904]), folds)
    assert ranks.tolist() == [0.25, 0.625, 0.625, 1.0, 0.25, 0.5, 0.75, 1.0]


def test_nothing_that_is_tested_is_fitted_on(traffic):
    table = to_dataset(read_traffic(Path(traffic), {}, None, None))
    embeddings = embed(list(table["text"]))
    tested = np.arange(len(table)) % 5 == 0
    data = fit_data(table, embeddings, tested, seed=3)
    parts = [set(data.train["id"]), set(data.validation["id"]), set(table["id"][tested])]
    assert set.union(*parts) == set(table["id"])
    assert sum(map(len, parts)) == len(table)
    assert len(parts[1]) == round(0.1 * (~tested).sum())
    row = list(table["id"]).index(data.train["id"][7])
    assert (data.train_embeddings[7] == embeddings[row]).all()


def test_models_that_do_equally_well_are_warned_of(crossvalidate, traffic):
    rows = [{"prompt": f"topic {n % 8} query {n}", "weak_score": 1, "strong_score": 1} for n in range(120)]
    Path(traffic).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    said, result = crossvalidate("--routers", "knn")
    assert said.startswith("warning: The strong model scores 1.000, not above the weak model's 1.000")
    assert result["routers"]["knn"]["apgr"] is None


def test_too_few_queries_for_the_folds():
    with pytest.raises(EvaluationError, match="50 different queries in 5 folds, expected two folds or more of 20 each"):
        assign_folds([f"query {n}" for n in range(50)], 5, seed=1)


def test_labels_are_needed(crossvalidate, traffic):
    Path(traffic).write_text('{"prompt": "unlabelled"}\n', "utf-8")
    with pytest.raises(EvaluationError, match="lacks weak_score and strong_score"):
        crossvalidate()
