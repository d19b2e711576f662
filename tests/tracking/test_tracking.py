"""MLflow's store: what is logged, that a second identical run adds nothing, that nothing secret gets in."""

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

import pointsman
from pointsman.config.params import TrackingConfig
from pointsman.routers.files import read_manifest
from pointsman.tracking.log import Result, TrackingError, store_uri, track

pytestmark = pytest.mark.slow
CONFIG = TrackingConfig(uri=None, experiment="routing", registered_model="router", alias="champion")
MEASURES = {"apgr": 0.61, "apgr_ci": [0.55, 0.66], "cpt50": None}
METRICS = {
    "test": {"n": 100, "weak_score": 0.3, "strong_score": 0.6, "routers": {"bert": MEASURES, "length": MEASURES}},
    "test_unseen": {"n": 0, "weak_score": None, "strong_score": None, "routers": {}},
    "winner": {
        "router": "bert",
        "threshold": 0.4,
        "cost_saved": 0.3,
        "cost_saved_ci": [0.2, 0.4],
        "vs": {"length": {"apgr_diff": 0.05, "ci": [0.01, 0.09]}, "knn": None},
    },
}
CURVE = pd.DataFrame({"strong_share": [0.0, 0.5, 1.0], "quality": [0.3, 0.5, 0.6], "cost": [1.0, 2.0, 3.0]})
SECRET = "sk-or-v1-not-a-real-key"


@pytest.fixture
def result(packaged, tmp_path):
    picture = tmp_path / "curve.svg"
    picture.write_text("<svg/>")
    return Result(
        settings={"seed": 7, "router": {"bert": {"max_tokens": 64}, "semantic": {"routes": ["long"] * 500}}},
        metrics=METRICS,
        manifest=read_manifest(packaged),
        dataset={"overall": {"n": 200, "gap": 0.3}},
        curves={"bert": CURVE, "length": CURVE},
        files=[picture],
        model=packaged,
        code=Path(pointsman.__file__).parent,
        tags={"git_commit": "abc"},
    )


def client(root):
    import mlflow

    return mlflow.MlflowClient(store_uri(None, root), store_uri(None, root))


def runs(root):
    experiment = client(root).get_experiment_by_name("routing")
    return client(root).search_runs([experiment.experiment_id])


def rows(root):
    """Rows of every table of the store."""
    with sqlite3.connect(root / "mlflow.db") as store:
        names = [name for (name,) in store.execute("select name from sqlite_master where type = 'table'")]
        return {name: store.execute(f"select count(*) from {name}").fetchone()[0] for name in names}


def files(root):
    return sorted(path.relative_to(root) for path in (root / "mlartifacts").rglob("*"))


def test_a_result_becomes_a_parent_run_nested_runs_and_a_registered_model(result, root, monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", SECRET)
    written = track(result, CONFIG, root)
    assert written == {
        "experiment": "routing",
        "run": f"bert-{result.fingerprint[:8]}",
        "fingerprint": result.fingerprint,
        "registered_model": "router",
        "alias": "champion",
    }
    by_name = {run.info.run_name: run for run in runs(root)}
    parent = by_name.pop(written["run"])
    assert set(by_name) == {"bert", "length"}
    assert all(run.data.tags["mlflow.parentRunId"] == parent.info.run_id for run in by_name.values())
    assert parent.data.params == {"seed": "7", "router.bert.max_tokens": "64"}
    assert parent.data.tags["git_commit"] == "abc"
    measured = parent.data.metrics
    assert (measured["winner_cost_saved"], measured["winner_cost_saved_low"], measured["dataset_gap"]) == (
        0.3,
        0.2,
        0.3,
    )
    assert measured["winner_vs_length_apgr_diff"] == 0.05
    assert by_name["bert"].data.metrics["test_apgr"] == 0.61
    assert "test_cpt50" not in by_name["bert"].data.metrics
    history = client(root).get_metric_history(by_name["bert"].info.run_id, "quality_at_strong_percent")
    assert {(point.step, round(point.value, 3)) for point in history} >= {(0, 0.3), (50, 0.5), (75, 0.55), (100, 0.6)}
    assert {file.path for file in client(root).list_artifacts(parent.info.run_id)} >= {"curve.svg", "metrics.json"}

    model = client(root).get_model_version_by_alias("router", "champion")
    assert int(model.version) == 1
    check_model(root, result.model)
    check_nothing_secret(root)

    before = rows(root), files(root)
    assert track(result, CONFIG, root) == written
    assert (rows(root), files(root)) == before


def check_model(root, folder):
    """The registered model brings its code along: far from the repository it scores as the packaged router does."""
    from pointsman.routers.packaged import load

    texts = ["write a python function", "what is the capital"]
    code = (
        "import mlflow, pandas, sys\n"
        f"mlflow.set_tracking_uri({store_uri(None, root)!r})\n"
        "model = mlflow.pyfunc.load_model('models:/router@champion')\n"
        f"print(model.predict(pandas.DataFrame({{'text': {texts}}})).to_json())"
    )
    env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": ""}
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=env, capture_output=True, text=True, check=True
    )
    scored = pd.read_json(StringIO(printed.stdout))
    expected = load(folder).scores(texts).score
    assert list(scored["score"]) == pytest.approx(list(expected), abs=1e-6)
    assert list(scored["route_label"]) == ["Strong Model" if score > 0.4 else "Weak Model" for score in expected]


def check_nothing_secret(root):
    written = [path for path in (root / "mlartifacts").rglob("*") if path.is_file()]
    assert not [path for path in written if path.suffix in (".pkl", ".pickle", ".pyc")]
    assert not [path for path in written if path.name == "environment_variables.txt"]
    for path in [*written, root / "mlflow.db"]:
        assert SECRET.encode() not in path.read_bytes(), path


def test_another_result_gets_a_run_and_the_alias_and_gives_both_back(result, root):
    first, second = result, replace(result, settings={**result.settings, "seed": 8})
    versions = []
    for each in (first, second, first):
        track(each, CONFIG, root)
        versions.append(client(root).get_model_version_by_alias("router", "champion").version)
    assert [int(number) for number in versions] == [1, 2, 1]
    assert len(runs(root)) == 6


def test_a_run_that_was_killed_counts_for_nothing(result, root, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("pointsman.tracking.log._register", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            track(result, CONFIG, root)
    track(result, CONFIG, root)
    assert client(root).get_model_version_by_alias("router", "champion").version in (1, "1")


def test_a_server_that_does_not_answer_is_named_without_its_password(result, root, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    config = CONFIG.model_copy(update={"uri": "http://user:hidden@127.0.0.1:9"})
    with pytest.raises(TrackingError, match=r"MLflow at http://127\.0\.0\.1:9 did not take the run") as caught:
        track(result, config, root)
    assert "hidden" not in str(caught.value)
    assert "tracking.uri" in str(caught.value)


def test_the_fingerprint_is_that_of_metrics_settings_and_router(result):
    assert replace(result, tags={}, files=[], dataset={}).fingerprint == result.fingerprint
    for change in ({"settings": {"seed": 9}}, {"metrics": {}}, {"manifest": {**result.manifest, "threshold": 0.9}}):
        assert replace(result, **change).fingerprint != result.fingerprint


def test_the_store_lies_under_the_root_unless_conf_names_one(tmp_path):
    assert store_uri(None, tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    assert store_uri("http://mlflow.example:5000", tmp_path) == "http://mlflow.example:5000"
