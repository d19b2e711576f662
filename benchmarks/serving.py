"""Measure the service of models/router on loopback: predictions, memory, and what the proxy adds to a model's answers.

Examples:
    python -m benchmarks.serving                                 every measurement, about 8 minutes
    python -m benchmarks.serving --only predict --seconds 60
    python -m benchmarks.serving --only predict --against http://127.0.0.1:8000     another server in turns
"""

import argparse
import asyncio
import contextlib
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import psutil

from benchmarks.servers.process import started
from pointsman.routers import packaged

TEXTS = (
    "What is the capital of Mongolia?",
    "Write a Python function that merges two sorted lists without using sort.",
    "A shop sells pens at 3 for 2 dollars. How much do 24 pens cost after a 10 percent discount?",
    "Explain the difference between TCP and UDP to a ten-year-old.",
    "Given a table orders(id, customer_id, total), write SQL for the ten customers who spent most.",
    "Prove that the square root of two is irrational, then generalise the argument to every prime.",
)
ROUTER = Path("models/router")
Send = Callable[[aiohttp.ClientSession, int], Awaitable[float | None]]  # seconds; null: an error


class Load(NamedTuple):
    """What clients saw who each send the next request when the last one is answered."""

    per_s: float
    p50_ms: float
    p99_ms: float
    errors: int

    def __str__(self) -> str:
        errors = f"{self.errors} errors"
        return f"{self.per_s:.0f} requests/s, p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms, {errors}"


def main() -> None:
    """Print a line for each measurement, then the machine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    parser.add_argument("--seconds", type=float, default=10, help="of each load (default 10)")
    parser.add_argument("--rounds", type=int, default=3, help="of two servers in turns (default 3)")
    parser.add_argument("--requests", type=int, default=50_000, help="before memory is read (default 50,000)")
    parser.add_argument("--against", metavar="URL", help="a server with the same /predict, loaded in turns")
    options = parser.parse_args()
    for name in options.only:
        for line in MEASUREMENTS[name](options):
            print(f"{name}: {line}", flush=True)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")


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
            time.sleep(0.05)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def start(_: argparse.Namespace) -> Iterator[str]:
    """From the command to /readyz."""
    began_s = time.perf_counter()
    with service():
        yield f"ready {time.perf_counter() - began_s:.1f} s after the command"


def predict(options: argparse.Namespace) -> Iterator[str]:
    """POST /predict from 1, 32 and 200 clients, and the bare forward pass."""
    router = packaged.load(ROUTER)
    times = [_timed(lambda text=text: router.scores([text])) for text in TEXTS * 20]  # type: ignore[misc]
    yield f"the packaged router alone, one text: p50 {statistics.median(times) * 1e3:.2f} ms"
    with service() as (address, _):
        servers = [address, *([options.against] if options.against else [])]
        for clients in (1, 32, 200):
            found = {server: [] for server in servers}  # type: dict[str, list[Load]]
            for _ in range(options.rounds if options.against else 1):
                for server in servers:
                    found[server].append(asyncio.run(load(_predict(server), clients, options.seconds)))
            for server in servers:
                yield f"{clients:3d} clients, {server}: {_median(found[server])}"


def batch(options: argparse.Namespace) -> Iterator[str]:
    """POST /predict/batch of 100 short texts."""
    del options
    with service() as (address, _):
        times = asyncio.run(_batches(address, 30))
        yield f"100 texts: p50 {statistics.median(times) * 1e3:.1f} ms"


def memory(options: argparse.Namespace) -> Iterator[str]:
    """Resident memory of the service's processes as requests go by."""
    with service() as (address, process):
        steps = []
        for _ in range(5):
            asyncio.run(load(_predict(address), 32, None, options.requests // 5))
            steps.append(f"{_resident_mb(process):.0f}")
        yield f"{' '.join(steps)} MB after each fifth of {options.requests} requests, all processes together"


def proxy(options: argparse.Namespace) -> Iterator[str]:
    """Time to the first token of a stream, through the proxy and from the model itself, in turns."""
    with started("benchmarks.servers.model", "--port", "0") as upstream:
        addresses = {f"LOCAL_{role}_BASE_URL": upstream for role in ("WEAK", "STRONG")}
        with service(addresses) as (address, _):
            for clients in (1, 32):
                alone, through = [], []
                for _ in range(options.rounds):
                    alone.append(asyncio.run(load(_stream(upstream), clients, options.seconds)))
                    through.append(asyncio.run(load(_stream(f"{address}/v1"), clients, options.seconds)))
                direct, proxied = _median(alone), _median(through)
                yield (
                    f"{clients:2d} streams, first token: p50 {proxied.p50_ms:.1f} ms, the model alone "
                    f"{direct.p50_ms:.1f} ms, added {proxied.p50_ms - direct.p50_ms:.1f} ms; {proxied.errors} errors"
                )


async def load(send: Send, clients: int, seconds: float | None, requests: int | None = None) -> Load:
    """Closed-loop load, for some seconds or so many requests."""
    times: list[float] = []
    errors = 0
    began_s = time.perf_counter()
    sent = iter(range(requests if requests is not None else sys.maxsize))

    async def client(session: aiohttp.ClientSession) -> None:
        nonlocal errors
        for number in sent:
            if seconds is not None and time.perf_counter() - began_s > seconds:
                return
            try:
                took = await send(session, number)
            except (aiohttp.ClientError, OSError):
                took = None
            errors += took is None
            if took is not None:
                times.append(took)

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as session:
        await asyncio.gather(*(client(session) for _ in range(clients)))
    took_s, ordered = time.perf_counter() - began_s, sorted(times) or [float("nan")]
    p50, p99 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3 for share in (0.5, 0.99))
    return Load(len(times) / took_s, p50, p99, errors)


def _predict(address: str) -> Send:
    async def send(session: aiohttp.ClientSession, number: int) -> float | None:
        start_s = time.perf_counter()
        async with session.post(f"{address}/predict", json={"text": TEXTS[number % len(TEXTS)]}) as answer:
            good = answer.status == 200 and "score" in await answer.json()
        return time.perf_counter() - start_s if good else None

    return send


def _stream(address: str) -> Send:
    """Times the first token, and reads the stream to its end."""

    async def send(session: aiohttp.ClientSession, number: int) -> float | None:
        messages = [{"role": "user", "content": TEXTS[number % len(TEXTS)]}]
        body = {"model": "pointsman", "messages": messages, "stream": True}
        start_s = time.perf_counter()
        async with session.post(f"{address}/chat/completions", json=body) as answer:
            line = await answer.content.readline()
            took_s = time.perf_counter() - start_s
            rest = await answer.read()
        return took_s if line.startswith(b"data: {") and rest.endswith(b"data: [DONE]\n\n") else None

    return send


async def _batches(address: str, times: int) -> list[float]:
    body = {"texts": [TEXTS[number % len(TEXTS)][:60] for number in range(100)]}
    found = []
    async with aiohttp.ClientSession() as session:
        for _ in range(times):
            start_s = time.perf_counter()
            async with session.post(f"{address}/predict/batch", json=body) as answer:
                assert len((await answer.json())["predictions"]) == 100
            found.append(time.perf_counter() - start_s)
    return found


def _median(loads: list[Load]) -> Load:
    return Load(
        *(statistics.median(getattr(one, name) for one in loads) for name in ("per_s", "p50_ms", "p99_ms")),
        sum(one.errors for one in loads),
    )


def _resident_mb(process: psutil.Process) -> float:
    return sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / 2**20


def _timed(work: Callable[[], Any]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


MEASUREMENTS = {"start": start, "predict": predict, "batch": batch, "memory": memory, "proxy": proxy}


if __name__ == "__main__":
    main()
