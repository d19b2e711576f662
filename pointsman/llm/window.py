"""How many requests may be under way at once: found by trying, as TCP does (AIMD, RFC 5681)."""

import asyncio
import time
from collections import deque
from typing import NamedTuple

FIRST = 4
_SHRINK = 0.85  # of the window after an overload
_NEAR = 0.95  # of the last window that overloaded: above it, growth is ten times slower
_PROBING = 0.1
_PACE = 1.25  # starts are spread to this multiple of the rate at which answers come
_SMOOTHING = 0.05  # of the answers' mean time
_SHORTEST_SLEEP_S = 0.001
_WIDEST_GAP_S = 0.25  # limits that count by the minute are conf's to tell


class Ticket(NamedTuple):
    """A request that was let through: which one, and when, by the monotonic clock."""

    number: int
    started_s: float


class Window:
    """Grows while the provider keeps up, shrinks when it says that it does not.

    Until the first overload every answer adds a place, so that the window doubles with each round of answers; later
    a round adds one place, and close to where the provider last gave way a tenth of one. A round that overloads
    shrinks the window once, however many of its requests were turned away.

    Starts are spread over the time that an answer takes. Else the requests of a round would stay together for ever,
    and a provider that counts by the second would turn them away at a fraction of what it permits.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = float(min(FIRST, most))
        self._gave_way: float | None = None
        self._under_way = 0
        self._started = 0
        self._shrunk_at = 0  # requests started when the window shrank last
        self._answer_s: float | None = None
        self._next_start_s = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> Ticket:
        """Wait for a place; returns a ticket for `leave`."""
        while self._under_way >= int(self.size):
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                self._wake()  # the place that was offered goes to the next
                raise
        self._under_way += 1
        try:
            await self._spread()
        except asyncio.CancelledError:
            self._under_way -= 1
            self._wake()
            raise
        self._started += 1
        return Ticket(self._started, time.monotonic())

    async def _spread(self) -> None:
        if self._answer_s is None:
            return
        now_s = time.monotonic()
        start_s = max(now_s, self._next_start_s)
        self._next_start_s = start_s + min(self._answer_s / self.size / _PACE, _WIDEST_GAP_S)
        if start_s - now_s >= _SHORTEST_SLEEP_S:
            await asyncio.sleep(start_s - now_s)

    def leave(self, ticket: Ticket, *, overloaded: bool = False, answered: bool = True) -> None:
        """Give the place back, and say how the request fared."""
        full = self._under_way >= int(self.size)
        self._under_way -= 1
        if answered:
            took_s = time.monotonic() - ticket.started_s
            self._answer_s = took_s + (1 - _SMOOTHING) * ((self._answer_s or took_s) - took_s)
        if overloaded and ticket.number > self._shrunk_at:
            self._gave_way, self._shrunk_at = self.size, self._started
            self.size = max(1.0, self.size * _SHRINK)
        elif answered and not overloaded and full:
            self.size = min(float(self._most), self.size + self._growth())
        self._wake()

    def _growth(self) -> float:
        if self._gave_way is None:
            return 1.0
        return (1.0 if self.size < _NEAR * self._gave_way else _PROBING) / self.size

    def _wake(self) -> None:
        places = int(self.size) - self._under_way
        while self._waiting and places > 0:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                places -= 1
