"""Takes out of BentoML's chain of middleware what this service does not use and pays for in every request."""

from typing import Any

from bentoml._internal.container import BentoMLContainer  # type: ignore[attr-defined]
from bentoml._internal.server.http.traffic import TimeoutMiddleware
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class ShortChain:
    """ASGI middleware that shortens the chain around it as the service starts; configuration cannot.

    - TimeoutMiddleware keeps a timer, and with it about 4 kB, for every request until its limit has passed, answered or
      not: with a limit long enough for chats, gigabytes. The service has time limits of its own.
    - OpenTelemetryMiddleware makes a span of every token that is sent, a quarter of the proxy's work, and throws it
      away unless an exporter is configured (BentoML's `tracing.exporter_type`); where one is, it stays.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Shorten it at the start, hand everything on."""
        if scope["type"] == "lifespan":
            is_traced = BentoMLContainer.tracing.exporter_type.get() is not None
            unused = (TimeoutMiddleware,) if is_traced else (TimeoutMiddleware, OpenTelemetryMiddleware)
            outer: Any = scope["app"].middleware_stack
            while (inner := getattr(outer, "app", None)) is not None:
                if isinstance(inner, unused):
                    outer.app = inner.app
                else:
                    outer = inner
        await self._app(scope, receive, send)
