"""Measure the service of models/router on loopback: predictions, memory, and what the proxy adds to a model's answers.

Examples:
    python -m benchmarks.serving                                 all but the soak, about 6 minutes
    python -m benchmarks.serving --only predict --seconds 60     60 seconds from each of 1, 32 and 200 clients
    python -m benchmarks.serving --only predict --against http://127.0.0.1:8000     another server in turns
    python -m benchmarks.serving --only soak                     5 minutes of everything at once
"""

import argparse
import asyncio
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.servers import clients
from benchmarks.servers.clients import Load, load, median
from benchmarks.servers.process import resident_mb, service, started
from pointsman.routers import packaged
from pointsman.routers.encoder import OnnxEncoder
from pointsman.serving.runtime import Runtime
from pointsman.serving.settings import Settings

ROUTER = Path("models/router")
CLIENTS = (1, 32, 200)
# An answer takes 0.4 s. Streams that begin together end together, and so come in bursts for as long as they last.
STREAMS = (("1 stream", 1, 0.0), ("32 streams in turn", 32, 0.4 / 32), ("32 streams at once", 32, 0.0))


def main() -> None:
    """Print a line for each measurement, then the machine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = [name for name in MEASUREMENTS if name != "soak"]
    parser.add_argument("--only", nargs="*", choices=MEASUREMENTS, default=default)
    parser.add_argument("--seconds", type=float, default=10, help="of each load (default 10)")
    parser.add_argument("--rounds", type=int, default=3, help="of two servers in turns (default 3)")
    parser.add_argument("--requests", type=int, default=50_000, help="before memory is read (default 50,000)")
    parser.add_argument("--soak-seconds", type=float, default=300, help="default 300")
    parser.add_argument("--against", metavar="URL", help="a server with the same /predict, loaded in turns")
    options = parser.parse_args()
    for name in options.only:
        for line in MEASUREMENTS[name](options):
            print(f"{name}: {line}", flush=True)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")


def start(_: argparse.Namespace) -> Iterator[str]:
    """From the command to /readyz."""
    began_s = time.perf_counter()
    with service():
        yield f"ready {time.perf_counter() - began_s:.1f} s after the command"


def parts(options: argparse.Namespace) -> Iterator[str]:
    """One text's way, from the bare forward pass to the answer over HTTP: medians of one request at a time."""
    router = packaged.load(ROUTER, threads=Settings.threads)  # as the service does
    texts = [clients.text(number) for number in range(200)]
    encoder = OnnxEncoder(
        ROUTER / router.onnx, ROUTER / packaged.TOKENIZER, router.max_tokens, threads=Settings.threads
    )
    tokens = [encoder.encode(text) for text in texts]
    forward = _median_ms([lambda ids=ids: encoder.run([ids]) for ids in tokens])  # type: ignore[misc]
    whole = _median_ms([lambda text=text: router.scores([text]) for text in texts])  # type: ignore[misc]
    joined = asyncio.run(_through_the_runtime(router, texts))
    with service() as (address, _):
        served = load(clients.predict(address), 1, options.seconds).p50_ms
    yield f"ONNX Runtime's forward pass {forward:.2f} ms"
    yield f"with tokenizer, head and calibration {whole:.2f} ms"
    yield f"joined with others in a thread {joined:.2f} ms"
    yield f"POST /predict {served:.2f} ms"


def predict(options: argparse.Namespace) -> Iterator[str]:
    """POST /predict from 1, 32 and 200 clients."""
    with service() as (address, _):
        servers = [address, *([options.against] if options.against else [])]
        for count in CLIENTS:
            found: dict[str, list[Load]] = {server: [] for server in servers}
            for _ in range(options.rounds if options.against else 1):
                for server in servers:
                    found[server].append(load(clients.predict(server), count, options.seconds))
            for server in servers:
                yield f"{count:3d} clients, {server}: {median(found[server])}"


def batch(_: argparse.Namespace) -> Iterator[str]:
    """POST /predict/batch of 100 short texts."""
    with service() as (address, _process):
        yield f"100 texts: p50 {load(clients.predict_batch(address, 100), 1, None, 30).p50_ms:.1f} ms"


def memory(options: argparse.Namespace) -> Iterator[str]:
    """Resident memory of the service's processes as requests go by."""
    with service() as (address, process):
        steps = []
        for _ in range(5):
            load(clients.predict(address), 32, None, options.requests // 5)
            steps.append(f"{resident_mb(process):.0f}")
        yield f"{' '.join(steps)} MB after each fifth of {options.requests} requests, all processes together"


def proxy(options: argparse.Namespace) -> Iterator[str]:
    """Time to the first token of a stream, through the proxy and from the model itself, in turns."""
    with started("benchmarks.servers.model", "--port", "0") as upstream, service(_both(upstream)) as (address, _):
        for said, count, apart_s in STREAMS:
            found: dict[str, list[Load]] = {upstream: [], f"{address}/v1": []}
            for _ in range(options.rounds):
                for server, loads in found.items():
                    loads.append(load(clients.stream(server), count, options.seconds, apart_s=apart_s))
            direct, proxied = (median(loads) for loads in found.values())
            yield (
                f"{said}, first token: p50 {proxied.p50_ms:.1f} ms, the model alone "
                f"{direct.p50_ms:.1f} ms, added {proxied.p50_ms - direct.p50_ms:.1f} ms; {proxied.errors} errors"
            )


def soak(options: argparse.Namespace) -> Iterator[str]:
    """Predictions, batches and streams at the same time, for minutes: errors, and whether memory grows."""
    with started("benchmarks.servers.model", "--port", "0") as upstream, service(_both(upstream)) as (address, process):
        kinds = {
            "predictions": (clients.predict(address), 8),
            "batches": (clients.predict_batch(address, 20), 2),
            "streams": (clients.stream(f"{address}/v1"), 16),
        }
        found: dict[str, Load] = {}

        def run(kind: str) -> None:
            found[kind] = load(*kinds[kind], options.soak_seconds)

        threads = [threading.Thread(target=run, args=(kind,)) for kind in kinds]
        for thread in threads:
            thread.start()
        steps = []
        for _ in range(10):
            time.sleep(options.soak_seconds / 10)
            steps.append(f"{resident_mb(process):.0f}")
        for thread in threads:
            thread.join()
        for kind, seen in found.items():
            yield f"{kind}: {seen}"
        yield f"{' '.join(steps)} MB after each tenth of {options.soak_seconds:g} s, all processes together"


def _both(upstream: str) -> dict[str, str]:
    return {f"LOCAL_{role}_BASE_URL": upstream for role in ("WEAK", "STRONG")}


async def _through_the_runtime(router: packaged.Packaged, texts: list[str]) -> float:
    runtime, times = Runtime(router), []
    for text in texts:
        start_s = time.perf_counter()
        await runtime.predict(text)
        times.append(time.perf_counter() - start_s)
    runtime.close()
    return statistics.median(times) * 1e3


def _median_ms(works: list[Callable[[], Any]]) -> float:
    times = []
    for work in works:
        start_s = time.perf_counter()
        work()
        times.append(time.perf_counter() - start_s)
    return statistics.median(times) * 1e3


MEASUREMENTS = {
    "start": start, "parts": parts, "predict": predict, "batch": batch, "memory": memory, "proxy": proxy, "soak": soak,
}  # fmt: skip


if __name__ == "__main__":
    main()
