"""A tiny packaged router, and the service over it in this process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from factories import tiny_packaged_router
from proxy_cases import Model, serving_json
from starlette.testclient import TestClient

from pointsman.config.serving import Serving
from pointsman.routers import packaged

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def router_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packaged") / "router"
    tiny_packaged_router(folder)
    return folder


@pytest.fixture(scope="session")
def router(router_folder):
    return packaged.load(router_folder)


@pytest.fixture(scope="session")
def bentoml_home(tmp_path_factory):
    """BentoML keeps its files here, never in the user's home."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("bentoml")
        patch.setenv("BENTOML_HOME", str(home))
        patch.setenv("BENTOML_DO_NOT_TRACK", "True")
        yield home


@pytest.fixture(scope="session")
def bento(bentoml_home, router_folder, tmp_path_factory):
    """A Bento built as `bentoml build` builds it, of a copy of the checkout that holds a packaged router."""
    checkout = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "pointsman", checkout / "pointsman", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(router_folder, checkout / "models" / "router")
    for name in ("bentofile.yaml", ".gitignore", "models/.gitignore", "requirements.txt"):
        shutil.copy(ROOT / name, checkout / name)
    (checkout / ".env").write_text("OPENROUTER_API_KEY=secret\n")
    command = [sys.executable, "-m", "bentoml", "build", "--output", "tag"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=250, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    tag = done.stdout.strip().splitlines()[-1].removeprefix("__tag__:")
    return bentoml_home / "bentos" / tag.replace(":", "/")


@pytest.fixture(scope="session")
def asgi(bentoml_home, router_folder):
    """The service as BentoML makes it; once, because its metrics' names are the process's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POINTSMAN_ROUTER", str(router_folder))
        from pointsman.serving.service import Router

        yield Router.to_asgi()


@pytest.fixture(scope="session")
def client(asgi):
    with TestClient(asgi, raise_server_exceptions=False) as started:
        yield started


@pytest.fixture(scope="session")
def models():
    """The weak and the strong model, whose behaviour a test may set."""
    weak, strong = Model("small"), Model("large")
    yield weak, strong
    weak.stop()
    strong.stop()


@pytest.fixture
def weak(models):
    models[0].reset()
    return models[0]


@pytest.fixture
def strong(models):
    models[1].reset()
    return models[1]


@pytest.fixture(scope="session")
def pair(models):
    """serving.json of the two models; keywords replace settings."""
    return lambda **settings: Serving.model_validate(serving_json(models[0].url, models[1].url, **settings))
