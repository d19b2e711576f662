"""What the image will hold, without a container engine: the Bento's packages in an empty environment, started by the
image's own entrypoint on a file system that is read-only but for one folder, as docker-compose.yml asks."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import yaml
from test_serve_process import free_port, request, wait_until_ready

ROOT = Path(__file__).parents[2]
BASE_IMAGE_MB = 130  # python:3.11-slim, unpacked
ROUTER_MB = 290  # models/router of the default run; the one packed here is tiny
READ_ONLY = 'mount -t tmpfs none "$0" && mount -o remount,bind,ro / && exec "$@"'
SANDBOX = shutil.which("unshare") and os.geteuid() == 0

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(bento, tmp_path_factory):
    """An environment that holds what the image installs, and nothing else."""
    folder = tmp_path_factory.mktemp("image") / "venv"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, str(folder)], check=True, timeout=60)
    wanted = str(bento / "env" / "python" / "requirements.txt")
    install = [*uv, "pip", "install", "--python", str(folder / "bin" / "python"), "-r", wanted]
    subprocess.run(install, check=True, timeout=280)
    return folder


def test_the_image_stays_below_700_mb(bento, installed):
    files = [path for folder in (bento, installed) for path in folder.rglob("*") if path.is_file()]
    size_mb = sum(path.stat().st_size for path in files if not path.is_symlink()) / 1e6
    assert 100 < size_mb < 700 - BASE_IMAGE_MB - ROUTER_MB
    names = {path.name.lower() for path in (installed / "lib").glob("python*/site-packages/*.dist-info")}
    assert not [name for name in names if re.match(r"(torch|pandas|mlflow|dvc|nvidia_cu)", name)]


@pytest.mark.skipif(not SANDBOX, reason="a read-only file system of its own needs root and unshare (util-linux)")
def test_it_serves_on_a_read_only_file_system(bento, installed, router, tmp_path):
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    service = compose["services"]["router"]
    assert (service["read_only"], service["tmpfs"][0].split(":")[0]) == (True, "/tmp")
    assert Path(service["environment"]["BENTOML_HOME"]).parent == Path("/tmp")
    port = free_port()
    environment = {
        "PATH": f"{installed / 'bin'}:/usr/bin:/bin", "BENTO_PATH": str(bento), "HOME": "/nonexistent",
        "BENTOML_HOME": str(tmp_path / "bentoml"), "TMPDIR": str(tmp_path), "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_HOST": "127.0.0.1", "BENTOML_PORT": str(port),
    }  # fmt: skip
    start = ["unshare", "--mount", "sh", "-c", READ_ONLY, str(tmp_path), "bash", "env/docker/entrypoint.sh"]
    process = subprocess.Popen(
        start, cwd=bento, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        wait_until_ready(process, port)
        status, body = request(port, "POST", "/predict", {"text": "first query"})
        assert status == 200
        assert json.loads(body)["score"] == pytest.approx(router.scores(["first query"]).score[0], abs=1e-4)
        with pytest.raises(OSError, match="Read-only file system"):
            Path(f"/proc/{process.pid}/root{bento}/written").touch()
    finally:
        for one in [*psutil.Process(process.pid).children(recursive=True), process]:
            one.kill()
        process.wait(timeout=20)
