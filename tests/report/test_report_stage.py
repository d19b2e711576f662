import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from report_cases import make_dataset, write_project

from pointsman.config.compose import compose
from stages import report as stage

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    write_project(tmp_path, make_dataset(80))
    overrides = ["queries=file", "queries.path=queries.csv", "evaluation.resamples=50", "report.sample_decisions=3"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(compose(ROOT / "conf", overrides)), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage"])
    return tmp_path


def test_writes_three_files_and_says_where(workspace, capsys):
    stage.main()
    printed = capsys.readouterr().out
    assert "verdict: " in printed
    assert str(workspace / "reports/index.html") in printed
    written = {
        name: (workspace / "reports" / name).read_text("utf-8") for name in ("index.html", "report.md", "curve.svg")
    }
    assert "(curve.svg)" in written["report.md"]
    assert written["curve.svg"].startswith("<svg")
    assert "Which queries need the strong model?" in written["index.html"]


def test_a_second_run_writes_the_same_bytes(workspace):
    names = ("index.html", "report.md", "curve.svg")
    stage.main()
    first = [(workspace / "reports" / name).read_bytes() for name in names]
    stage.main()
    assert [(workspace / "reports" / name).read_bytes() for name in names] == first


def test_imports_neither_torch_nor_mlflow():
    code = "import sys, stages.report; print(sorted({'torch', 'mlflow', 'matplotlib.pyplot'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
