"""What an operator may set."""

from pathlib import Path

import pytest

from pointsman.serving.errors import ServingError
from pointsman.serving.settings import Settings


def test_nothing_set_means_models_router_of_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "models" / "router").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert Settings.from_environment({}) == Settings(Path("models/router"), "auto", 1)


def test_elsewhere_it_means_the_folder_beside_the_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Settings.from_environment({}).folder == Path(__file__).parents[2] / "models" / "router"


def test_every_variable_is_read():
    given = {"POINTSMAN_ROUTER": "elsewhere", "POINTSMAN_DEVICE": "cpu", "POINTSMAN_THREADS": "3"}
    assert Settings.from_environment(given) == Settings(Path("elsewhere"), "cpu", 3)


def test_an_empty_variable_is_an_unset_one():
    given = {"POINTSMAN_ROUTER": "elsewhere", "POINTSMAN_DEVICE": "", "POINTSMAN_THREADS": ""}
    assert Settings.from_environment(given) == Settings(Path("elsewhere"))


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_threads_are_a_whole_number(value):
    with pytest.raises(ServingError, match=rf"POINTSMAN_THREADS is '{value}', expected a whole number from 1"):
        Settings.from_environment({"POINTSMAN_THREADS": value})


def test_a_device_that_is_none():
    with pytest.raises(ServingError, match="POINTSMAN_DEVICE is 'tpu', expected one of auto, cpu, cuda"):
        Settings.from_environment({"POINTSMAN_DEVICE": "tpu"})
