"""Refuses a body that is too large, too slow or not JSON before anything parses it."""

import asyncio
from collections.abc import Iterator

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pointsman.serving.problems import OPENAI_PATHS, answer

MAX_BODY_BYTES = 2_000_000
MAX_CHAT_BYTES = 20_000_000  # pictures travel inside the body
BODY_S = 30.0
# A client that is answered while it still sends meets a reset connection instead of the answer, so a refused body is
# read to its end and thrown away, up to this many bytes.
MAX_DISCARDED_BYTES = 64_000_000


class BodyLimits:
    """ASGI middleware: 413 for a body above the limit, with or without a length; 408 for one that does not end in
    time; 415 for one that is not JSON.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the refusal, or hand the whole body on."""
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT"):
            await self._app(scope, receive, send)
            return
        path, content_type = scope["path"], Headers(scope=scope).get("content-type", "")
        max_bytes = MAX_CHAT_BYTES if path.startswith(OPENAI_PATHS) else MAX_BODY_BYTES
        try:
            async with asyncio.timeout(BODY_S):
                messages = await _read(receive, max_bytes)
        except TimeoutError:
            await answer(path, 408, f"the body did not come in {BODY_S:g} seconds")(scope, receive, send)
            return
        app: ASGIApp = self._app
        if messages is None:
            app = answer(path, 413, f"the body is larger than {max_bytes:,} bytes")
        elif not _is_json(content_type):
            found = repr(content_type) if content_type else "missing"
            app = answer(path, 415, f"content-type is {found}, expected application/json")
        await app(scope, _replay(messages or [], receive), send)


async def _read(receive: Receive, max_bytes: int) -> list[Message] | None:
    """The body's messages to the last, or null where they are too large."""
    messages: list[Message] = []
    size, more = 0, True
    while more and size <= MAX_DISCARDED_BYTES:
        message = await receive()
        size += len(message.get("body", b""))
        if size <= max_bytes:
            messages.append(message)
        more = message.get("more_body", False)
    return messages if size <= max_bytes else None


def _is_json(content_type: str) -> bool:
    media_type = content_type.split(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _replay(messages: list[Message], receive: Receive) -> Receive:
    rest: Iterator[Message] = iter(messages)

    async def replayed() -> Message:
        return next(rest, None) or await receive()

    return replayed
