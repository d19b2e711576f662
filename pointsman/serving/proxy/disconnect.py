"""Stops work that nobody waits for any more."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

Result = TypeVar("Result")


class ClientGone(Exception):  # noqa: N818
    """The client went away."""


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """Do the work, but stop it when the client goes away.

    Raises:
        ClientGone: it went away.
    """
    task, gone, is_working = asyncio.current_task(), asyncio.ensure_future(_disconnect(receive)), True

    def stop(_: asyncio.Future[None]) -> None:
        if task is not None and is_working and not gone.cancelled():
            task.cancel()

    gone.add_done_callback(stop)
    try:
        return await work
    except asyncio.CancelledError:
        if task is None or not gone.done() or task.uncancel() > 0:  # somebody else wants it to end as well
            raise
        raise ClientGone from None
    finally:
        is_working = False
        gone.cancel()


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
