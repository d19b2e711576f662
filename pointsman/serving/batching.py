"""Joins concurrent requests into one forward pass, without holding up a request that is alone."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Waiting(NamedTuple, Generic[Item, Result]):
    item: Item
    future: asyncio.Future[Result]
    deadline: float  # of the event loop's clock


class Batcher(Generic[Item, Result]):
    """Runs a function of many items in threads for items that come one by one.

    While nothing runs, whatever arrived in one turn of the event loop starts at once: a small item that is alone on
    the spot, since a thread would take longer to wake than the event loop is held up; else in a thread. While a pass
    runs, arrivals gather until it ends, until they fill a pass, or until the first of them has waited `max_wait_s`;
    then they start if a thread is free: the first, and of the others those that are nearest to it in size, since a
    pass is as long as its longest item. Belongs to one event loop.
    """

    def __init__(
        self,
        run: Callable[[list[Item]], Sequence[Result]],
        *,
        size: Callable[[Item], int] = lambda _: 0,
        small: int = -1,
        max_items: int = 64,
        max_wait_s: float = 0.002,
        threads: int = 2,
    ) -> None:
        """`run` gives one result for each item, in their order, and is called from `threads` threads.

        An item of at most the size `small` is run in the event loop's own thread, when it is alone.
        """
        self._run = run
        self._size = size
        self._small = small
        self._max_items = max_items
        self._max_wait_s = max_wait_s
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="score")
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._running = 0
        self._timer: asyncio.Handle | None = None

    def submit(self, items: Sequence[Item]) -> list[asyncio.Future[Result]]:
        """One future for each item; a future that is cancelled before its pass costs nothing."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._max_wait_s
        futures: list[asyncio.Future[Result]] = [loop.create_future() for _ in items]
        self._waiting.extend(_Waiting(item, future, deadline) for item, future in zip(items, futures, strict=True))
        if self._running == 0:
            loop.call_soon(self._dispatch, loop)
        else:
            self._dispatch(loop)
        return futures

    def close(self) -> None:
        """Cancel what waits, and let what runs come to its end."""
        if self._timer is not None:
            self._timer.cancel()
        while self._waiting:
            self._waiting.popleft().future.cancel()
        self._pool.shutdown()

    def _dispatch(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._is_due(loop):
            self._start(loop)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and self._running < self._threads:
            self._timer = loop.call_at(self._waiting[0].deadline, self._dispatch, loop)

    def _is_due(self, loop: asyncio.AbstractEventLoop) -> bool:
        while self._waiting and self._waiting[0].future.done():
            self._waiting.popleft()
        if not self._waiting or self._running >= self._threads:
            return False
        full = len(self._waiting) >= self._max_items
        return self._running == 0 or full or loop.time() >= self._waiting[0].deadline

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._next_batch()
        if self._running == 0 and len(batch) == 1 and self._size(batch[0].item) <= self._small:
            self._run_here(batch)
            return
        self._running += 1
        done = loop.run_in_executor(self._pool, self._run_pass, [waiting.item for waiting in batch])
        done.add_done_callback(lambda finished: self._finish(loop, batch, finished))

    def _run_here(self, batch: list[_Waiting[Item, Result]]) -> None:
        try:
            results = self._run_pass([waiting.item for waiting in batch])
        except Exception as problem:  # whatever it is, who waits is told
            _fail(batch, problem)
        else:
            _fulfil(batch, results)

    def _next_batch(self) -> list[_Waiting[Item, Result]]:
        """The first that waits, and those nearest to it in size, in the order of their arrival."""
        asked = [waiting for waiting in self._waiting if not waiting.future.done()]
        size = self._size(asked[0].item)
        nearest = sorted(range(len(asked)), key=lambda place: abs(self._size(asked[place].item) - size))
        chosen = set(nearest[: self._max_items])  # the first is among them: no other is nearer, and sorting is stable
        self._waiting = deque(waiting for place, waiting in enumerate(asked) if place not in chosen)
        return [asked[place] for place in sorted(chosen)]

    def _run_pass(self, items: list[Item]) -> list[Result]:
        results = list(self._run(items))
        if len(results) != len(items):
            raise ValueError(f"{len(results)} results for {len(items)} items, expected one for each")
        return results

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[_Waiting[Item, Result]],
        finished: asyncio.Future[list[Result]],
    ) -> None:
        self._running -= 1
        if finished.cancelled():
            for waiting in batch:
                waiting.future.cancel()
        elif (problem := finished.exception()) is not None:
            _fail(batch, problem)
        else:
            _fulfil(batch, finished.result())
        self._dispatch(loop)


def _fail(batch: list[_Waiting[Item, Result]], problem: BaseException) -> None:
    for waiting in batch:
        if not waiting.future.done():
            waiting.future.set_exception(problem)


def _fulfil(batch: list[_Waiting[Item, Result]], results: Sequence[Result]) -> None:
    for waiting, result in zip(batch, results, strict=True):
        if not waiting.future.done():
            waiting.future.set_result(result)
