import hashlib
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from pointsman.config.compose import compose
from pointsman.tables.io import read_json, write_json
from stages import track as stage

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def workspace(tmp_path, packaged, empty_store, monkeypatch):
    """Where a temporary experiment runs; its store is the repository's, elsewhere."""
    repository, here = tmp_path / "repository", tmp_path / "experiment"
    repository.mkdir()
    (repository / "dvc.lock").write_text("stages: {}\n")
    shutil.copyfile(empty_store, repository / "mlflow.db")
    shutil.copytree(packaged, here / "models/router")
    params = compose(ROOT / "conf", ["queries=file", "queries.path=queries.csv"])
    (here / "params.yaml").write_text(yaml.safe_dump(params), "utf-8")
    test = {"n": 4, "weak_score": 0.2, "strong_score": 0.6, "routers": {"bert": {"apgr": 0.6}}}
    write_json(here / "reports/metrics.json", {"test": test, "test_unseen": {"n": 0, "routers": {}}, "winner": None})
    write_json(here / "reports/winner.json", {"router": "bert", "threshold": 0.4})
    write_json(here / "data/dataset.json", {"overall": {"n": 4}})
    (here / "reports/routers/bert").mkdir(parents=True)
    (here / "reports/routers/bert/curve.csv").write_text("threshold,strong_share,quality,cost\n1,0,0.2,1\n-1,1,0.6,2\n")
    for name in ("index.html", "report.md", "curve.svg"):
        (here / "reports" / name).write_text(name)
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "argv", ["stage"])
    monkeypatch.setenv("DVC_ROOT", str(repository))
    return here


def test_writes_what_two_clones_share_and_logs_once(workspace, tmp_path, capsys):
    stage.main()
    first = (workspace / "reports/mlflow.json").read_bytes()
    written = read_json(workspace / "reports/mlflow.json")
    assert set(written) == {"experiment", "run", "fingerprint", "registered_model", "alias"}
    assert written["run"] == f"bert-{written['fingerprint'][:8]}"
    assert str(tmp_path / "repository/mlflow.db") in capsys.readouterr().out
    stage.main()
    assert (workspace / "reports/mlflow.json").read_bytes() == first
    assert len(list((tmp_path / "repository/mlartifacts").rglob("router.json"))) == 1


def test_provenance_is_what_there_is(tmp_path):
    assert stage.provenance(tmp_path) == {}
    (tmp_path / "dvc.lock").write_text("x")
    assert stage.provenance(tmp_path) == {"dvc_lock_sha256": hashlib.sha256(b"x").hexdigest()}
