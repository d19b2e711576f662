"""Servers in processes of their own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping

import psutil


@contextlib.contextmanager
def started(module: str, *arguments: str) -> Iterator[str]:
    """Run a module that serves and prints its address first; gives the address for the time of the `with` block."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@contextlib.contextmanager
def service(environment: Mapping[str, str] | None = None) -> Iterator[tuple[str, psutil.Process]]:
    """`bentoml serve` on a free port: its address and its process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "bentoml", "serve", "pointsman.serving.service:Router", "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ | (environment or {}), stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while process.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/readyz", timeout=5).close()
                break
            time.sleep(0.02)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def resident_mb(process: psutil.Process) -> float:
    """Memory of a process and all that it started, MB."""
    return float(sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / 1e6)
