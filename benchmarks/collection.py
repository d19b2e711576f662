"""Measure the collection of answers against a simulated provider on loopback.

Examples:
    python -m benchmarks.collection                     every measurement, about 20 minutes, 590 MB of weights
    python -m benchmarks.collection --only limit faults
"""

import argparse
import asyncio
import json
import os
import platform
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.servers.provider import running

FAULTS = ("429=0.1", "500=0.05", "hang=0.02", "reset=0.02", "truncated=0.01", "error=0.01", "no_choices=0.01")


def main() -> None:
    """Print one line for each measurement, then the machine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    parser.add_argument("--client", help=argparse.SUPPRESS)  # this module, as the process that is measured
    options = parser.parse_args()
    if options.client:
        settings = json.loads(options.client)
        print(json.dumps(collect(**settings) if "folder" in settings else ask_bare(**settings)))
        return
    for name in options.only:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name}: {MEASUREMENTS[name](Path(folder))}", flush=True)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")


def collect(base_url: str, count: int, folder: str, **settings: Any) -> dict[str, float]:
    """Ask for `count` answers; what that took, once openai has been imported."""
    import openai  # noqa: F401

    from pointsman.config.llm import LlmConfig, Price, Provider
    from pointsman.llm.client import answers
    from pointsman.llm.errors import BudgetError
    from pointsman.llm.shelf import Asking

    price, budget_usd = settings.pop("price", None), settings.pop("budget_usd", None)
    prices = {"m": Price(prompt_usd_per_1m=price, completion_usd_per_1m=price, date="2026-01-01")} if price else {}
    basis = {"base_url": base_url, "api_key_env": None, "concurrency": 64, "timeout_s": 60, "max_retries": 12}
    provider = Provider(**{**basis, "prices": prices, **settings})
    llm = LlmConfig(
        on_miss="ask",
        recordings=None,
        cache="llm.sqlite",
        budget_usd=budget_usd,
        max_failed_share=0.01,
        context_tokens=512,
        threads=None,
    )
    asking = Asking(llm, {"remote": provider}, {}, Path(folder))
    before, began_s, cpu_s = _peak_mb(), time.perf_counter(), time.process_time()
    failed = done = 0
    try:
        with (Path(folder) / "out.jsonl").open("w") as out:
            for answer in answers(_Queries(count), asking, what="benchmark"):
                done, failed = done + 1, failed + (answer.error is not None)
                print(json.dumps([answer.key, answer.response, answer.cost]), file=out)
    except BudgetError:
        pass
    return {
        "done": done,
        "failed": failed,
        "seconds": time.perf_counter() - began_s,
        "cpu_seconds": time.process_time() - cpu_s,
        "peak_mb": _peak_mb(),
        "mb_before": before,
    }


def ask_bare(base_url: str, count: int, per_second: float) -> dict[str, float]:
    """The same requests by the OpenAI client alone, at a steady pace: what of the processor's time is not ours."""
    from openai import AsyncOpenAI

    async def ask() -> None:
        async with (
            AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0) as client,
            asyncio.TaskGroup() as group,
        ):
            for request in _Queries(count):
                create = client.chat.completions.create
                group.create_task(create(model="m", messages=list(request.messages), max_tokens=16, temperature=0))
                await asyncio.sleep(1 / per_second)

    cpu_s = time.process_time()
    asyncio.run(ask())
    return {"cpu_seconds": time.process_time() - cpu_s}


class _Queries:
    """Requests that are made as they are drawn."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __contains__(self, _: object) -> bool:
        return False

    def __iter__(self) -> Any:
        from pointsman.llm.types import Request

        for number in range(self._count):
            yield Request("remote", "m", ({"role": "user", "content": f"query {number}"},), 16)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _command(**settings: Any) -> list[str]:
    return [sys.executable, "-m", "benchmarks.collection", "--client", json.dumps(settings)]


def _run(**settings: Any) -> dict[str, float]:
    ended = subprocess.run(_command(**settings), stdout=subprocess.PIPE, check=True)
    return dict(json.loads(ended.stdout))


def limit(folder: Path) -> str:
    """5,000 requests at 200 ms and a limit of 100 a second: found by trying, known from conf, told by headers."""
    said = []
    for how, tells, known in (
        ("found by trying", [], {}),
        ("told by headers", ["--tell-quota"], {}),
        ("known from conf", [], {"requests_per_minute": 6000}),
    ):
        with running("--latency-s", "0.2", "--per-second", "100", *tells) as provider:
            took = _run(base_url=provider.base_url, count=5000, folder=str(folder), **known)
            counts = provider.counts()
        (folder / "llm.sqlite").unlink()
        refused = counts["statuses"].get("429", 0)
        said.append(
            f"{how}: {5000 / took['seconds']:.1f} answers/s of 100 permitted, {refused} of {5000 + refused} requests "
            f"answered 429, {took['failed']} lost, {sum(counts['sent'].values()) - 5000} paid twice, "
            f"{1000 * took['cpu_seconds'] / 5000:.2f} ms of CPU a request"
        )
    with running("--latency-s", "0.2") as provider:
        bare = _run(base_url=provider.base_url, count=1000, per_second=100)
    return "; ".join([*said, f"the OpenAI client alone takes {bare['cpu_seconds']:.2f} ms"])


def faults(folder: Path) -> str:
    """5,000 requests, of which 22 % meet a fault."""
    with running("--latency-s", "0.02", "--retry-after-s", "1", "--faults", *FAULTS) as provider:
        took = _run(base_url=provider.base_url, count=5000, folder=str(folder), timeout_s=5)
        counts = provider.counts()
    sent = counts["sent"]
    return (
        f"{len(sent)} of 5000 answered, {sum(sent.values()) - len(sent)} paid twice, {took['failed']} lost, "
        f"{took['seconds']:.0f} s, met {dict(sorted(counts['statuses'].items()))}"
    )


def kills(folder: Path, count: int = 2000, concurrency: int = 16, times: int = 20) -> str:
    """Killed twenty times at random moments, then left alone; then once undisturbed."""
    from pointsman.llm.cache import opened

    draw, known = random.Random(3), {request.key: request.messages[0]["content"] for request in _Queries(count)}
    committed: dict[str, int] = {}  # the message of an answer on the disk -> how often it was answered by then
    with running("--latency-s", "0.05", "--usd", "0.001") as provider:
        settings = {"base_url": provider.base_url, "count": count, "folder": str(folder), "concurrency": concurrency}
        for kill in range(times):
            process = subprocess.Popen(_command(**settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            reached = (kill + 1) * count // (times + 2)
            while len(provider.counts()["sent"]) < reached and process.poll() is None:
                time.sleep(0.01 + 0.02 * draw.random())
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            sent = provider.counts()["sent"]
            with opened(folder / "llm.sqlite") as cache:
                committed |= {known[key]: sent[known[key]] for key in cache.lookup(list(known))}
        _run(**settings)
        sent, output = provider.counts()["sent"], (folder / "out.jsonl").read_bytes()
        for file in folder.glob("llm.sqlite*"):
            file.unlink()
        _run(**settings)
    same = "identical" if output == (folder / "out.jsonl").read_bytes() else "DIFFERENT"
    again = sum(sent.values()) - count
    lost = sum(sent[text] > answered for text, answered in committed.items())
    return (
        f"{times} kills at concurrency {concurrency}: {len(sent)} of {count} answered, {again} asked again in all "
        f"(at most {times * concurrency} permitted), {lost} of those after their answer was committed, "
        f"output {same} to an undisturbed run's"
    )


def cap(folder: Path) -> str:
    """$1.00 at 64 concurrent requests of $0.01."""
    with running("--latency-s", "0.05", "--usd", "0.01") as provider:
        _run(base_url=provider.base_url, count=500, folder=str(folder), price=60.0, budget_usd=1.0)
        paid = sum(provider.counts()["sent"].values()) * 0.01
    return f"${paid:.2f} of $1.00 spent"


def large(folder: Path, count: int = 100_000) -> str:
    """100,000 requests, then 50,000 of them from the cache."""
    with running() as provider:
        took = _run(base_url=provider.base_url, count=count, folder=str(folder))
        again = _run(base_url=provider.base_url, count=count // 2, folder=str(folder))
        asked = sum(provider.counts()["sent"].values())
    return (
        f"{asked} asked, {count / took['seconds']:.0f} answers/s, peak {took['peak_mb']:.0f} MB "
        f"({took['mb_before']:.0f} before the first request), {1000 * took['cpu_seconds'] / count:.2f} ms of CPU a "
        f"request; replay of {count // 2}: {count / 2 / again['seconds']:.0f}/s, peak {again['peak_mb']:.0f} MB"
    )


def llama(folder: Path, count: int = 40) -> str:
    """The pair's real weak model, served by llama.cpp, as a custom provider; then once more, from the cache."""
    with subprocess.Popen(
        [sys.executable, "-m", "pointsman.llm.local", "--role", "weak"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            address = server.stdout.readline().strip().partition("=")[2]
            settings = {"base_url": address, "count": count, "folder": str(folder), "concurrency": 4}
            took, again = _run(**settings), _run(**settings)
        finally:
            server.terminate()
    return (
        f"{took['done'] - took['failed']:.0f} of {count} answered at {count / took['seconds']:.1f}/s, "
        f"then {again['done'] - again['failed']:.0f} again without asking, at {count / again['seconds']:.0f}/s"
    )


MEASUREMENTS = {"limit": limit, "faults": faults, "kills": kills, "cap": cap, "large": large, "llama": llama}


if __name__ == "__main__":
    main()
