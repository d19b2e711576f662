"""Objects of the response's code as the checks see them: handles that ask the other side."""

import builtins
from collections.abc import Callable
from typing import Any, TypeVar

from pointsman.rating.jail.candidate import COMPARISONS, OPERATORS
from pointsman.rating.jail.wire import Channel, WireError, decode, encode

_T = TypeVar("_T")


class Gone(BaseException):
    """The candidate cannot answer any more. Not an Exception: a check that expects one must not catch it."""


class BrokenCheck(BaseException):
    """The check itself cannot be run, whatever the response."""


class Candidate:
    """Asks the other side; `calls` counts how often."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.calls = 0
        self.gone = ""

    def entry(self) -> Any:
        """A handle of the entry point; raises Gone."""
        reply = self._exchange(None)
        if "missing" in reply:
            self.gone = str(reply["missing"])[:300]
            raise Gone(self.gone)
        try:
            return self._find(reply["entry"])
        except (KeyError, TypeError, ValueError) as problem:
            raise self._lost(problem) from None

    def ask(self, do: str, *values: Any, **named: Any) -> Any:
        """The value of an operation on the other side; raises Gone, or the exception that was raised there."""
        try:
            encoded = [encode(value, _handle) for value in values]
            request = {"do": do, "values": encoded, "named": {name: encode(named[name], _handle) for name in named}}
        except WireError as problem:
            raise BrokenCheck(str(problem)) from problem
        self.calls += 1
        reply = self._exchange(request)
        if "error" in reply:
            raise _exception(reply["error"])
        try:
            _follow(values, [decode(value, self._find) for value in reply["after"]])
            return decode(reply["value"], self._find)
        except (WireError, KeyError, TypeError) as problem:
            raise self._lost(problem) from None

    def _exchange(self, request: Any) -> dict[str, Any]:
        if self.gone:
            raise Gone(self.gone)
        try:
            if request is not None:
                self._channel.send(request)
            reply = self._channel.receive()
            if not isinstance(reply, dict):
                raise WireError("not a message")
            return reply
        except WireError as problem:
            raise self._lost(problem) from None

    def _lost(self, problem: Exception) -> Gone:
        self.gone = f"the response's code was stopped: {problem}"
        return Gone(self.gone)

    def _find(self, handle: Any) -> Any:
        number, kind = handle
        return Remote(self, int(number), str(kind))


class Remote:
    """An object of the response's code, by its handle.

    An operator between it and plain data is refused: the plain side may be the expected value, and the
    answer would be the response's own claim. Between two such objects it is theirs to answer.
    """

    def __init__(self, candidate: Candidate, number: int, kind: str) -> None:
        object.__setattr__(self, "_state", (candidate, number, kind))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _ask(self, "get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "set", name, value)

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Call the function, method or class on the other side."""
        return _ask(self, "call", *values, **named)

    def __getitem__(self, key: Any) -> Any:
        return _ask(self, "item", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        _ask(self, "put", key, value)

    def __delitem__(self, key: Any) -> None:
        _ask(self, "delete", key)

    def __iter__(self) -> Any:
        items = _ask(self, "items")
        return iter(items if isinstance(items, list) else [])

    def __next__(self) -> Any:
        return _ask(self, "next")

    def __len__(self) -> int:
        return _plain(_ask(self, "len"), int)

    def __bool__(self) -> bool:
        return _plain(_ask(self, "bool"), bool)

    def __str__(self) -> str:
        return _plain(_ask(self, "text"), str)

    def __repr__(self) -> str:
        return _plain(_ask(self, "repr"), str)

    def __float__(self) -> float:
        return _plain(_ask(self, "number"), float)

    def __neg__(self) -> Any:
        return _ask(self, "neg")

    def __abs__(self) -> Any:
        return _ask(self, "abs")

    __hash__ = object.__hash__


def _binary(name: str) -> Callable[[Remote, Any], Any]:
    return lambda self, other: _ask(self, name, other) if isinstance(other, Remote) else NotImplemented


for _name in (*OPERATORS, *COMPARISONS):
    setattr(Remote, f"__{_name}__", _binary(_name))


def _state(remote: Remote) -> tuple[Candidate, int, str]:
    return object.__getattribute__(remote, "_state")  # type: ignore[no-any-return]


def _ask(remote: Remote, do: str, *values: Any, **named: Any) -> Any:
    return _state(remote)[0].ask(do, remote, *values, **named)


def _handle(value: Any) -> Any:
    if not isinstance(value, Remote):
        raise BrokenCheck(f"it passes a {type(value).__name__}; only plain data can be passed")
    return _state(value)[1]


def _plain(value: Any, kind: type[_T]) -> _T:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
    return value


def _exception(error: Any) -> Exception:
    """The built-in exception that the other side names, so that a check may expect it."""
    name, told = (str(part)[:200] for part in error)
    told = told.removeprefix(f"{name}: ")
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(told)
        except TypeError:
            return RuntimeError(told)
    return RuntimeError(told)


def _follow(values: tuple[Any, ...], after: list[Any]) -> None:
    """Do to the checker's lists, dicts and sets what the call did to its copies of them; raises WireError."""
    changeable = [value for value in values if isinstance(value, list | dict | set | bytearray)]
    if [type(value) for value in changeable] != [type(value) for value in after]:
        raise WireError("not the arguments")
    for value, now in zip(changeable, after, strict=True):
        value.clear()
        value.extend(now) if isinstance(value, list | bytearray) else value.update(now)
