import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pointsman import cli
from pointsman.errors import PointsmanError

ROOT = Path(__file__).parents[2]


def raising(problem):
    def main():
        raise problem

    return main


def test_an_expected_failure_ends_with_its_message(capsys):
    with pytest.raises(SystemExit, match="1"):
        cli.run(raising(PointsmanError("row 3 is odd")))
    assert capsys.readouterr().err == "error: row 3 is odd\n"


def test_ctrl_c_says_how_to_go_on(capsys):
    with pytest.raises(SystemExit, match="130"):
        cli.run(raising(KeyboardInterrupt()))
    assert "run the same command again" in capsys.readouterr().err


def test_a_full_disk_is_named(capsys):
    with pytest.raises(SystemExit, match="1"):
        cli.run(raising(OSError(errno.ENOSPC, "No space left", "data/x.jsonl")))
    assert "data/x.jsonl" in capsys.readouterr().err


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError, match="oops"):
        cli.run(raising(ZeroDivisionError("oops")))


def test_the_repository_root_is_dvcs(monkeypatch, tmp_path):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert cli.repository_root() == tmp_path


@pytest.mark.parametrize("module", ["stages.report", "pointsman.config.compose"])
def test_help_names_the_command_as_it_is_typed(module):
    command = [sys.executable, "-m", module, "--help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"usage: python -m {module} ")
    assert "Example" in said


@pytest.mark.parametrize(("given", "expected"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_waiting_threads_sleep_unless_told_to_spin(monkeypatch, given, expected):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    seen = []
    cli.run(lambda: seen.append(os.environ["OMP_WAIT_POLICY"]))
    assert seen == [expected]
