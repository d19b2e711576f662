"""How the two sides of the sandbox speak: framed JSON, in which a value is plain data or a numbered handle.

Plain data is what has no behaviour of its own: numbers, text, bytes, None, lists, tuples, dicts, sets,
ranges. Subclasses of these are sent as their plain base, so no comparison ever runs code of the sender.
"""

import json
import os
import select
import time
from collections.abc import Callable
from typing import Any

Hold = Callable[[Any], Any]  # turns an object into the JSON of its handle
Find = Callable[[Any], Any]  # and back
_DEEPEST = 60


class WireError(Exception):
    """The other side is gone, too late, or sends too much or nonsense."""


def encode(value: Any, hold: Hold, depth: int = 0) -> Any:
    """A value as JSON."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return {"i": format(int.__index__(value), "x")}
    if isinstance(value, float):
        return {"f": float.__repr__(value)}
    if depth > _DEEPEST:
        raise WireError("a value is nested too deeply")
    return _encode_container(value, hold, depth + 1)


def _encode_container(value: Any, hold: Hold, depth: int) -> Any:
    if isinstance(value, list):
        return [encode(item, hold, depth) for item in list.__iter__(value)]
    if isinstance(value, tuple):
        return {"t": [encode(item, hold, depth) for item in tuple.__iter__(value)]}
    if isinstance(value, dict):
        return {"d": [[encode(key, hold, depth), encode(item, hold, depth)] for key, item in dict.items(value)]}
    if isinstance(value, set | frozenset):
        items = [encode(item, hold, depth) for item in value]
        return {"z" if isinstance(value, frozenset) else "s": items}
    if isinstance(value, bytes | bytearray):
        return {"a" if isinstance(value, bytearray) else "b": bytes(value).hex()}
    if isinstance(value, complex):
        return {"c": [float.__repr__(value.real), float.__repr__(value.imag)]}
    if type(value) is range:
        return {"r": [format(number, "x") for number in (value.start, value.stop, value.step)]}
    return {"o": hold(value)}


def decode(value: Any, find: Find) -> Any:
    """The value that JSON from the other side stands for.

    Raises:
        WireError: it is not what `encode` writes.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, list):
        return [decode(item, find) for item in value]
    try:
        ((kind, content),) = value.items()
        return _DECODERS[kind](content, find) if kind != "o" else find(content)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as problem:
        raise WireError(f"not a value: {problem!r}") from problem


_DECODERS: dict[str, Callable[[Any, Find], Any]] = {
    "i": lambda content, _: int(content, 16),
    "f": lambda content, _: float(content),
    "t": lambda content, find: tuple(decode(item, find) for item in content),
    "d": lambda content, find: {decode(key, find): decode(item, find) for key, item in content},
    "s": lambda content, find: {decode(item, find) for item in content},
    "z": lambda content, find: frozenset(decode(item, find) for item in content),
    "a": lambda content, _: bytearray.fromhex(content),
    "b": lambda content, _: bytes.fromhex(content),
    "c": lambda content, _: complex(*map(float, content)),
    "r": lambda content, _: range(*(int(number, 16) for number in content)),
}


class Channel:
    """Messages over a pair of pipes."""

    def __init__(self, reader: int, writer: int, largest_bytes: int, deadline_s: float) -> None:
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        self._reader = reader
        self._writer = writer
        self._largest_bytes = largest_bytes
        self._deadline_s = deadline_s

    def send(self, message: Any) -> None:
        """Write one message; raises WireError."""
        data = json.dumps(message).encode()
        if len(data) > self._largest_bytes:
            raise WireError(f"a value of more than {self._largest_bytes // 1024} KiB")
        rest = memoryview(len(data).to_bytes(4, "big") + data)
        while rest:
            self._wait(self._writer, select.POLLOUT)
            try:
                rest = rest[os.write(self._writer, rest) :]
            except BlockingIOError:
                continue
            except OSError as problem:
                raise WireError("ended") from problem

    def receive(self) -> Any:
        """Read one message; raises WireError."""
        size = int.from_bytes(self._read(4), "big")
        if size > self._largest_bytes:
            raise WireError(f"a value of more than {self._largest_bytes // 1024} KiB")
        try:
            return json.loads(self._read(size))
        except (ValueError, RecursionError) as problem:
            raise WireError("not a message") from problem

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._wait(self._reader, select.POLLIN)
            try:
                piece = os.read(self._reader, size - len(data))
            except BlockingIOError:
                continue
            except OSError as problem:
                raise WireError("ended") from problem
            if not piece:
                raise WireError("ended")
            data += piece
        return bytes(data)

    def _wait(self, descriptor: int, event: int) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(0.0, self._deadline_s - time.monotonic()) * 1000):
            raise WireError("too slow")
