"""Takes BentoML's time limit out of the service, which has limits of its own."""

from typing import Any

from bentoml._internal.server.http.traffic import TimeoutMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class NoTimers:
    """ASGI middleware that takes BentoML's TimeoutMiddleware out of the chain around it as the service starts.

    That one keeps a timer, and with it about 4 kB, for every request until its limit has passed, answered or not: with
    a limit long enough for chats, gigabytes. Configuration cannot turn it off.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take it out at the start, hand everything on."""
        if scope["type"] == "lifespan":
            outer: Any = scope["app"].middleware_stack
            while (inner := getattr(outer, "app", None)) is not None:
                if isinstance(inner, TimeoutMiddleware):
                    outer.app = inner.app
                outer = outer.app
        await self._app(scope, receive, send)
