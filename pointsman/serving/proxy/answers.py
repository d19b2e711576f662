"""What comes back from a model: an answer, whole or in pieces, or a failure."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import aiohttp

from pointsman.serving.proxy.sse import Event, Splitter, read_event

REQUEST_FAULTS = (400, 413, 422)  # statuses that find the request wrong, not the model
SETTLE_S = 0.5

FailureKind = Literal["set-up", "left alone", "connect", "timeout", "status", "garbage", "broken off"]


class Failure(Exception):  # noqa: N818
    """A model gave no answer, or broke one off; `said` is for the client and holds no address and no secret."""

    def __init__(self, kind: FailureKind, said: str, status: int | None = None, content: bytes = b"") -> None:
        super().__init__(said)
        self.kind = kind
        self.status = status
        self.content = content  # of the refusal, where there is a status

    @property
    def is_requests_fault(self) -> bool:
        """Whether the model finds the request wrong."""
        return self.status in REQUEST_FAULTS


@contextmanager
def on_the_wire() -> Iterator[None]:
    """Turn what goes wrong there into Failure."""
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as problem:
        raise Failure("connect", "no connection") from problem
    except aiohttp.SocketTimeoutError as problem:
        raise Failure("timeout", "it fell silent") from problem
    except (aiohttp.ClientError, OSError) as problem:
        raise Failure("broken off", "the connection broke off") from problem
    except (ValueError, RecursionError) as problem:
        raise Failure("garbage", "what came is no chat completion") from problem


class Whole(NamedTuple):
    """An answer in one piece."""

    content: bytes
    data: dict[str, Any]  # what the JSON `content` says


class Stream:
    """An answer in pieces, whose first token has come."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.head: list[Event] = []  # up to the first token, and what came with it
        self._response = response
        self._splitter = Splitter()
        self._problem: Exception | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the head holds the mark of the end."""
        return any(event.is_done for event in self.head)

    async def wait_for_token(self) -> None:
        """Read `head`."""
        while not any(event.has_token for event in self.head):
            if self.has_ended or (events := await self._read()) is None:
                raise Failure("garbage", "the stream ended without a token")
            self.head += events

    async def more(self) -> list[Event] | None:
        """What comes next, null at the end; the connection limits a silence.

        Raises:
            Failure: the stream broke off.
        """
        with on_the_wire():
            return await self._read()

    async def settle(self) -> None:
        """Read to the end behind the mark `[DONE]`, so that the connection serves again; not for long."""
        try:
            async with asyncio.timeout(SETTLE_S):
                await self._response.content.read()
        except (aiohttp.ClientError, OSError):  # TimeoutError is one
            self.close()

    def close(self) -> None:
        """End the request at the model too, where it has not ended."""
        self._response.close()

    async def _read(self) -> list[Event] | None:
        if self._problem is not None:
            raise self._problem
        data = await self._response.content.readany()
        parts = self._splitter.feed(data) if data else self._splitter.end()
        if not data and not parts:
            return None
        events: list[Event] = []
        for part in parts:
            try:
                events.append(_sound(read_event(part)))
            except (Failure, ValueError, RecursionError) as problem:
                if not events:
                    raise
                self._problem = problem  # told when what came before it has been
                break
        return events


def _sound(event: Event) -> Event:
    if event.data is not None and event.data.get("error"):
        raise Failure("broken off", "the model reported an error")
    return event
