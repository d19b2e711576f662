"""Server-sent events of chat completions: cut apart without changing a byte, and looked into."""

import json
import re
from typing import Any, NamedTuple

MAX_EVENT_BYTES = 16_000_000
_END = re.compile(rb"\r?\n\r?\n")


class Splitter:
    """Cuts a stream of bytes into events, each with the blank line that ends it."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The events that are complete now.

        Raises:
            ValueError: an event does not end.
        """
        # A blank line may begin in the last three bytes that were left over.
        position, start = 0, max(0, len(self._rest) - 3)
        self._rest += data
        events = []
        while found := _END.search(self._rest, max(start, position)):
            events.append(self._rest[position : found.end()])
            position = found.end()
        self._rest = self._rest[position:]
        if len(self._rest) > MAX_EVENT_BYTES:
            raise ValueError("an event does not end")
        return events

    def end(self) -> list[bytes]:
        """The event that the end of the stream ends, if there is one."""
        return self.feed(b"\n\n") if self._rest.strip() else []


class Event(NamedTuple):
    """One event: its bytes, and its JSON where it has any (a comment has none)."""

    raw: bytes
    data: dict[str, Any] | None = None
    is_done: bool = False  # the mark `[DONE]` that ends a stream

    @property
    def is_usage(self) -> bool:
        """Whether this is the extra chunk that `include_usage` brings."""
        return self.data is not None and self.data.get("choices") == [] and bool(self.data.get("usage"))

    @property
    def has_token(self) -> bool:
        """Whether a client sees something of an answer in it, if only its end."""
        return any(
            choice.get("finish_reason") or any(value for key, value in _delta(choice).items() if key != "role")
            for choice in choices(self.data)
        )


def read_event(raw: bytes) -> Event:
    """Look into an event.

    Raises:
        ValueError: its data is not a JSON object.
    """
    lines = [line[5:].strip() for line in raw.splitlines() if line.startswith(b"data:")]
    content = b"\n".join(lines)
    if not content:
        return Event(raw)
    if content == b"[DONE]":
        return Event(raw, is_done=True)
    data = json.loads(content)
    if not isinstance(data, dict):
        raise ValueError("an event's data is no JSON object")
    return Event(raw, data)


def choices(data: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The choices of an answer or chunk that are objects."""
    found = (data or {}).get("choices")
    return [choice for choice in found if isinstance(choice, dict)] if isinstance(found, list) else []


def _delta(choice: dict[str, Any]) -> dict[str, Any]:
    delta = choice.get("delta")
    return delta if isinstance(delta, dict) else {}
