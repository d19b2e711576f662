"""A packaged router and an empty store, made once."""

import shutil

import pytest
from factories import tiny_packaged_router


@pytest.fixture(scope="session")
def packaged(tmp_path_factory):
    return tiny_packaged_router(tmp_path_factory.mktemp("packaged") / "router", threshold=0.4)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """A store whose tables exist; making them takes seconds, copying it does not."""
    import mlflow

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def root(tmp_path, empty_store):
    shutil.copyfile(empty_store, tmp_path / "mlflow.db")
    return tmp_path
