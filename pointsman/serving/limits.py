"""Refuses a body that is too large or is not JSON before anything parses it."""

from collections.abc import Iterator

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 2_000_000
# A client that is answered while it still sends meets a reset connection instead of the answer, so a refused body is
# read to its end and thrown away, up to this many bytes.
MAX_DISCARDED_BYTES = 64_000_000


class BodyLimits:
    """ASGI middleware: 413 for a POST above `max_bytes`, with or without a length; 415 for one that is not JSON."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the refusal, or hand the whole body on."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        messages = await self._read(receive)
        content_type = Headers(scope=scope).get("content-type", "")
        app: ASGIApp = self._app
        if messages is None:
            app = JSONResponse({"detail": f"the body is larger than {self._max_bytes:,} bytes"}, 413)
        elif not _is_json(content_type):
            found = repr(content_type) if content_type else "missing"
            app = JSONResponse({"detail": f"content-type is {found}, expected application/json"}, 415)
        await app(scope, _replay(messages or [], receive), send)

    async def _read(self, receive: Receive) -> list[Message] | None:
        """The body's messages to the last, or null where they are too large."""
        messages: list[Message] = []
        size, more = 0, True
        while more and size <= MAX_DISCARDED_BYTES:
            message = await receive()
            size += len(message.get("body", b""))
            if size <= self._max_bytes:
                messages.append(message)
            more = message.get("more_body", False)
        return messages if size <= self._max_bytes else None


def _is_json(content_type: str) -> bool:
    media_type = content_type.split(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _replay(messages: list[Message], receive: Receive) -> Receive:
    rest: Iterator[Message] = iter(messages)

    async def replayed() -> Message:
        return next(rest, None) or await receive()

    return replayed
