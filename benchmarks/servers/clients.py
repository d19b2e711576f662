"""Clients that load the service on loopback, each sending the next request when the last one is answered."""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import aiohttp

TEXTS = (
    "What is the capital of Mongolia?",
    "Write a Python function that merges two sorted lists without using sort.",
    "A shop sells pens at 3 for 2 dollars. How much do 24 pens cost after a 10 percent discount?",
    "Explain the difference between TCP and UDP to a ten-year-old.",
    "Given a table orders(id, customer_id, total), write SQL for the ten customers who spent most.",
    "Prove that the square root of two is irrational, then generalise the argument to every prime.",
)
Send = Callable[[aiohttp.ClientSession, int], Awaitable[float | None]]  # seconds; null: an error


class Load(NamedTuple):
    """What the clients saw."""

    per_s: float
    p50_ms: float
    p99_ms: float
    errors: int

    def __str__(self) -> str:
        errors = f"{self.errors} errors"
        return f"{self.per_s:.0f} requests/s, p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms, {errors}"


def text(number: int) -> str:
    """A text of its own for each number: equal ones share a forward pass."""
    return f"{TEXTS[number % len(TEXTS)]} ({number})"


def load(send: Send, clients: int, seconds: float | None, requests: int | None = None, *, apart_s: float = 0.0) -> Load:
    """Closed-loop load, for some seconds or so many requests; each client begins `apart_s` after the one before."""
    return asyncio.run(_load(send, clients, seconds, requests, apart_s))


async def _load(send: Send, clients: int, seconds: float | None, requests: int | None, apart_s: float) -> Load:
    times: list[float] = []
    errors = 0
    began_s = time.perf_counter()
    sent = iter(range(requests if requests is not None else sys.maxsize))

    async def client(session: aiohttp.ClientSession, place: int) -> None:
        nonlocal errors
        await asyncio.sleep(place * apart_s)
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
        await asyncio.gather(*(client(session, place) for place in range(clients)))
    took_s, ordered = time.perf_counter() - began_s, sorted(times) or [float("nan")]
    p50, p99 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3 for share in (0.5, 0.99))
    return Load(len(times) / took_s, p50, p99, errors)


def median(loads: Sequence[Load]) -> Load:
    """Medians of several loads, and all their errors."""
    per_s, p50_ms, p99_ms = (statistics.median(one[place] for one in loads) for place in range(3))
    return Load(per_s, p50_ms, p99_ms, sum(one.errors for one in loads))


def predict(address: str) -> Send:
    """POST /predict."""

    async def send(session: aiohttp.ClientSession, number: int) -> float | None:
        start_s = time.perf_counter()
        async with session.post(f"{address}/predict", json={"text": text(number)}) as answer:
            good = answer.status == 200 and "score" in await answer.json()
        return time.perf_counter() - start_s if good else None

    return send


def predict_batch(address: str, texts: int) -> Send:
    """POST /predict/batch of so many short texts."""

    async def send(session: aiohttp.ClientSession, number: int) -> float | None:
        body = {"texts": [text(number * texts + place)[-60:] for place in range(texts)]}
        start_s = time.perf_counter()
        async with session.post(f"{address}/predict/batch", json=body) as answer:
            good = answer.status == 200 and len((await answer.json())["predictions"]) == texts
        return time.perf_counter() - start_s if good else None

    return send


def stream(address: str) -> Send:
    """A streamed chat: times the first token, and reads to the end. `address` ends with /v1."""

    async def send(session: aiohttp.ClientSession, number: int) -> float | None:
        messages = [{"role": "user", "content": text(number)}]
        body = {"model": "pointsman", "messages": messages, "stream": True}
        start_s = time.perf_counter()
        async with session.post(f"{address}/chat/completions", json=body) as answer:
            line = await answer.content.readline()
            took_s = time.perf_counter() - start_s
            rest = await answer.read()
        return took_s if line.startswith(b"data: {") and rest.endswith(b"data: [DONE]\n\n") else None

    return send
