"""A newly packaged router is taken over on SIGHUP; one that cannot serve is not."""

import asyncio
import contextlib
import http.client
import json
import re
import shutil
import signal
import subprocess
import time

import psutil
import pytest
from factories import tiny_packaged_router
from proxy_cases import serving_json
from test_serve_process import ROOT, SERVE, environment, free_port, request, wait_until_ready

from pointsman.routers import packaged
from pointsman.serving.proxy.proxy import read_serving
from pointsman.serving.reload import Reloader
from pointsman.serving.runtime import Runtime


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    """Another packaged router than `router_folder`: another threshold, and so another version."""
    return tiny_packaged_router(tmp_path_factory.mktemp("newer") / "router", threshold=0.25)


@pytest.fixture
def served(router_folder, tmp_path, monkeypatch):
    """A folder that is served, and may be changed."""
    folder = tmp_path / "router"
    shutil.copytree(router_folder, folder)
    monkeypatch.setenv("POINTSMAN_ROUTER", str(folder))
    return folder


def replace(folder, by):
    shutil.rmtree(folder)
    shutil.copytree(by, folder)


def reload(folder, meanwhile):
    """Versions that serve before and after a reload, and what was asked while it ran."""

    async def main():
        runtime = Runtime(packaged.load(folder))
        reloader = Reloader(runtime, read_serving(folder))
        before = runtime.router.version
        meanwhile()
        try:
            asked = [asyncio.ensure_future(runtime.predict(f"query {number}")) for number in range(50)]
            await asyncio.gather(reloader.reload(), *asked)
            return before, runtime.router.version, [one.result() for one in asked]
        finally:
            runtime.close()

    return asyncio.run(main())


def test_the_new_router_serves_and_requests_under_way_are_answered(served, newer, capsys):
    before, after, asked = reload(served, lambda: replace(served, newer))
    assert after == json.loads((newer / "router.json").read_text())["version"] != before
    assert {one.threshold for one in asked} <= {0.5, 0.25}
    assert capsys.readouterr().err == f"pointsman: reloaded, router {after} serves instead of {before}\n"


def flip_a_byte(folder):
    path = folder / "model.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "said"),
    [(flip_a_byte, r"model\.onnx has SHA-256"), (shutil.rmtree, r"router\.json is missing"),
     (lambda folder: (folder / "serving.json").write_text(json.dumps(serving_json())), "Restart the service")],
    ids=["one flipped byte", "no folder", "another pair"],
)  # fmt: skip
def test_a_router_that_cannot_serve_replaces_nothing(served, capsys, harm, said):
    before, after, asked = reload(served, lambda: harm(served))
    assert after == before
    assert len(asked) == 50
    told = capsys.readouterr().err
    assert told.startswith(f"pointsman: not reloaded, router {before} serves on: ")
    assert told.count("\n") == 1
    assert re.search(said, told)


@pytest.mark.slow
def test_sighup_reloads_a_real_service(bentoml_home, served, newer, tmp_path):
    port, errors = free_port(), tmp_path / "stderr"
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [*SERVE, "--port", str(port)], cwd=ROOT, env=environment(served), stdout=subprocess.DEVNULL, stderr=stderr
        )

    def hang_up(expected):
        """Signal, and ask until the line is there; no request may fail meanwhile."""
        process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 30
        while expected not in errors.read_text():
            assert time.monotonic() < end, errors.read_text()
            assert request(port, "POST", "/predict", {"text": "meanwhile"})[0] == 200

    try:
        wait_until_ready(process, port)
        workers = psutil.Process(process.pid).children(recursive=True)
        replace(served, newer)
        hang_up("pointsman: reloaded, ")
        version = json.loads((newer / "router.json").read_text())["version"]
        assert json.loads(request(port, "GET", "/")[1])["router_version"] == version
        flip_a_byte(served)
        hang_up(f"pointsman: not reloaded, router {version} serves on: ")
        assert json.loads(request(port, "POST", "/predict", {"text": "on"})[1])["threshold"] == 0.25
        assert psutil.Process(process.pid).children(recursive=True) == workers
        assert 'pointsman_reloads_total{outcome="refused"} 1.0' in request(port, "GET", "/metrics")[1]
    finally:
        with contextlib.suppress(psutil.NoSuchProcess, http.client.HTTPException):
            for one in [*psutil.Process(process.pid).children(recursive=True), process]:
                one.kill()
        process.wait(timeout=20)
