"""An OpenAI-compatible provider whose latency, limit and faults are set, to measure and test collection against.

    python -m benchmarks.servers.provider --latency-s 0.2 --per-second 100
    python -m benchmarks.servers.provider --faults 429=0.1 500=0.05 hang=0.02 reset=0.02 truncated=0.01

It prints its address, and at GET /counts what it did: answers fully sent, by the text of their last message, and how
many requests had each status or fault. The same message meets the same faults in every run.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.servers.process import started

FAULTS = ("429", "500", "hang", "reset", "truncated", "error", "no_choices")
_HANG_S = 3600.0
_SERVER_CODES = (500, 502, 503)


@dataclass
class Provider:
    """How it behaves, and what it did."""

    latency_s: float = 0.0
    per_second: float | None = None  # requests; more are answered 429
    burst: float = 10.0
    retry_after_s: float | None = 1.0  # sent with 429
    tell_quota: bool = False  # x-ratelimit-* headers
    usd: float | None = None  # billed for an answer, as usage.cost
    faults: Mapping[str, float] = field(default_factory=dict)  # share of requests that meet each
    echo_key: bool = False  # repeat the client's key in errors, and count keys

    def __post_init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.keys: Counter[str] = Counter()
        self._tries: Counter[str] = Counter()
        self._left, self._at_s = self.burst, time.monotonic()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method = head.split(b" ", 1)[0]
                size = next(
                    (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
                )
                body = await reader.readexactly(size)
                if method == b"GET":
                    await _send(writer, 200, {"sent": self.sent, "statuses": self.statuses, "keys": self.keys})
                elif not await self._answer(json.loads(body), self._excuse(head), writer):
                    break
        writer.close()

    def _excuse(self, head: bytes) -> str:
        """What an error says."""
        if not self.echo_key:
            return "try again"
        line = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"authorization:")), b"")
        key = line.decode().rpartition(" ")[2]
        self.keys[key] += 1
        return f"try again, with another key than {key}"

    async def _answer(self, body: Any, excuse: str, writer: asyncio.StreamWriter) -> bool:
        """Answer or fail; false where the connection is to be closed."""
        text = str(body["messages"][-1]["content"])
        headers = {}
        if not self._permits():
            return await self._refuse(writer)
        if self.tell_quota and self.per_second:
            headers = {
                "x-ratelimit-remaining-requests": str(int(self._left)),
                "x-ratelimit-reset-requests": f"{1 / self.per_second:.4f}s",
            }
        fault = self._fault(text)
        if fault == "429":
            return await self._refuse(writer)
        await asyncio.sleep(self.latency_s)
        if fault in ("hang", "reset", "truncated"):
            return await self._break(fault, writer, text)
        if fault == "500":
            code = _SERVER_CODES[len(text) % len(_SERVER_CODES)]
            self.statuses[str(code)] += 1
            return await _send(writer, code, {"error": {"message": excuse}})
        if fault is not None:
            self.statuses[fault] += 1
            said = {"choices": None} if fault == "no_choices" else {"error": {"code": 502, "message": excuse}}
            return await _send(writer, 200, said)
        await _send(writer, 200, self._completion(body["model"], text), headers)
        self.sent[text] += 1
        self.statuses["200"] += 1
        return True

    def _completion(self, model: str, text: str) -> dict[str, Any]:
        usage = {"prompt_tokens": len(text) // 4 + 1, "completion_tokens": 8}
        message = {"role": "assistant", "content": f"answer to {text}"}
        return {
            "id": "1",
            "model": model,
            "provider": "simulated",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": usage if self.usd is None else usage | {"cost": self.usd},
        }

    def _permits(self) -> bool:
        """A token bucket."""
        if self.per_second is None:
            return True
        now = time.monotonic()
        self._left, self._at_s = min(self.burst, self._left + (now - self._at_s) * self.per_second), now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    async def _refuse(self, writer: asyncio.StreamWriter) -> bool:
        self.statuses["429"] += 1
        headers = {} if self.retry_after_s is None else {"retry-after": str(self.retry_after_s)}
        return await _send(writer, 429, {"error": {"message": "too many requests"}}, headers)

    def _fault(self, text: str) -> str | None:
        """The same for the same message at the same try."""
        self._tries[text] += 1
        digest = hashlib.sha256(f"{text}\0{self._tries[text]}".encode()).digest()
        drawn = int.from_bytes(digest[:8]) / 2**64
        for name, share in self.faults.items():
            if drawn < share:
                return name
            drawn -= share
        return None

    async def _break(self, fault: str, writer: asyncio.StreamWriter, text: str) -> bool:
        self.statuses[fault] += 1
        if fault == "hang":
            await asyncio.sleep(_HANG_S)
        if fault == "truncated":
            whole = json.dumps(self._completion("m", text)).encode()
            writer.write(_head(200, len(whole), {}) + whole[: len(whole) // 2])
            await writer.drain()
        else:
            writer.transport.abort()
        return False


def _head(code: int, size: int, headers: Mapping[str, str]) -> bytes:
    fields = {"content-type": "application/json", "content-length": str(size), **headers}
    lines = [f"HTTP/1.1 {code} -", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode()


async def _send(writer: asyncio.StreamWriter, code: int, body: Any, headers: Mapping[str, str] | None = None) -> bool:
    content = json.dumps(body).encode()
    writer.write(_head(code, len(content), headers or {}) + content)
    await writer.drain()
    return True


class Running:
    """A provider in a process of its own."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def counts(self) -> dict[str, Any]:
        """What it did so far: `sent` (message -> answers fully sent) and `statuses`."""
        with urllib.request.urlopen(f"{self.base_url}/counts", timeout=30) as answer:
            return dict(json.load(answer))


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """Start the provider with these arguments, on a free port, for the time of the `with` block."""
    with started("benchmarks.servers.provider", "--port", "0", *arguments) as address:
        yield Running(address)


async def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8001, help="0: any that is free")
    parser.add_argument("--latency-s", type=float, default=0.0)
    parser.add_argument("--per-second", type=float, help="requests permitted; more are answered 429")
    parser.add_argument("--burst", type=float, default=10.0, help="requests permitted at once")
    parser.add_argument("--retry-after-s", type=float, default=1.0)
    parser.add_argument("--tell-quota", action="store_true", help="send x-ratelimit-* headers")
    parser.add_argument("--usd", type=float, help="billed for an answer")
    parser.add_argument("--echo-key", action="store_true", help="repeat the client's key in errors, and count keys")
    parser.add_argument("--faults", nargs="*", default=[], metavar="NAME=SHARE", help=f"of {', '.join(FAULTS)}")
    options = vars(parser.parse_args())
    port, faults = options.pop("port"), dict(fault.split("=") for fault in options.pop("faults"))
    if unknown := faults.keys() - set(FAULTS):
        parser.error(f"unknown faults {', '.join(sorted(unknown))}; known are {', '.join(FAULTS)}")
    provider = Provider(**options, faults={name: float(share) for name, share in faults.items()})
    server = await asyncio.start_server(provider.serve, "127.0.0.1", port, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
