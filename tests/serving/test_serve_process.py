"""`bentoml serve` as an operator starts it."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
SERVE = [sys.executable, "-m", "bentoml", "serve", "pointsman.serving.service:Router"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environment(router_folder):
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("BENTOML_HOST", "BENTOML_PORT"))
    }
    return inherited | {"POINTSMAN_ROUTER": str(router_folder)}


def request(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def wait_until_ready(process, port, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, process.stderr.read()
        with contextlib.suppress(OSError, http.client.HTTPException):
            if request(port, "GET", "/readyz")[0] == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"not ready within {seconds} seconds")


@pytest.fixture(scope="module")
def server(bentoml_home, router_folder):
    port = free_port()
    process = subprocess.Popen(
        [*SERVE, "--port", str(port)], cwd=ROOT, env=environment(router_folder), text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        wait_until_ready(process, port)
        yield process, port
    finally:
        family = [*psutil.Process(process.pid).children(recursive=True), process] if process.poll() is None else []
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait(timeout=20)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/health", "/docs", "/openapi.json", "/metrics", "/livez", "/readyz"])
def test_every_page_answers(server, path):
    assert request(server[1], "GET", path)[0] == 200


@pytest.mark.slow
def test_predictions_are_the_routers_and_are_counted(server, router):
    texts = ["first query", "second query", "third"]
    status, body = request(server[1], "POST", "/predict/batch", {"texts": texts, "threshold": 0})
    assert status == 200
    scores = [one["score"] for one in json.loads(body)["predictions"]]
    assert scores == pytest.approx(list(router.scores(texts).score), abs=1e-5)
    status, body = request(server[1], "POST", "/predict", {"text": "alone", "threshold": 1})
    assert (status, json.loads(body)["route"]) == (200, "weak")
    metrics = request(server[1], "GET", "/metrics")[1]
    assert 'pointsman_routed_total{route="strong"} 3.0' in metrics
    assert 'pointsman_routed_total{route="weak"} 1.0' in metrics
    assert "pointsman_score_count 4.0" in metrics
    assert 'endpoint="/predict",http_response_code="200"' in metrics


@pytest.mark.slow
def test_a_large_body_is_answered_and_not_cut_off(server):
    status, body = request(server[1], "POST", "/predict", {"text": "a" * 50_000_000})
    assert (status, json.loads(body)) == (413, {"detail": "the body is larger than 2,000,000 bytes"})


@pytest.mark.slow
def test_200_connections_at_once_are_all_answered(server, router):
    """All are open before the first asks."""
    connections = [http.client.HTTPConnection("127.0.0.1", server[1], timeout=30) for _ in range(200)]
    with contextlib.ExitStack() as stack:
        for connection in connections:
            stack.callback(connection.close)
            connection.connect()
        for number, connection in enumerate(connections):
            content = json.dumps({"text": f"query {number}"})
            connection.request("POST", "/predict", content, {"content-type": "application/json"})
        answers = [connection.getresponse() for connection in connections]
        assert {answer.status for answer in answers} == {200}
        scores = [json.loads(answer.read())["score"] for answer in answers]
    assert scores == pytest.approx(list(router.scores([f"query {number}" for number in range(200)]).score), abs=1e-5)


@pytest.mark.slow
def test_only_loopback_is_listened_on(server):
    process, port = server
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for one in family
        for connection in one.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert ("127.0.0.1", port) in listening
    assert {address for address, _ in listening} == {"127.0.0.1"}


@pytest.mark.slow
def test_sigterm_ends_it_in_seconds_though_a_connection_is_open(server):
    process, port = server
    children = psutil.Process(process.pid).children(recursive=True)
    idle = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(idle):
        idle.request("GET", "/health")
        idle.getresponse().read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
    assert psutil.wait_procs(children, timeout=5)[1] == []


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["missing", "corrupt"])
def test_a_router_that_cannot_be_loaded_ends_the_start_with_one_line(bentoml_home, router_folder, tmp_path, damage):
    folder = tmp_path / "router"
    if damage == "corrupt":
        shutil.copytree(router_folder, folder)
        (folder / "model.onnx").write_bytes(b"not a model")
    command = [*SERVE, "--port", str(free_port())]
    done = subprocess.run(command, cwd=ROOT, env=environment(folder), capture_output=True, text=True, timeout=90)
    assert done.returncode == 1
    ours = [line for line in done.stderr.splitlines() if "Warning" not in line and not line.startswith("  ")]
    assert len(ours) == 1, done.stderr
    assert ours[0].startswith(f"pointsman: no router to serve: {folder}/")
