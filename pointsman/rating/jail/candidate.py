"""The side that runs the response's code: it holds that code's objects and does to them what it is asked."""

import ast
import builtins
import itertools
import operator
import random
from collections.abc import Callable
from typing import Any

from pointsman.rating.jail.wire import Channel, WireError, decode, encode

_MOST_ITEMS = 100_000
OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_DOES: dict[str, Callable[..., Any]] = {
    "call": lambda function, *values, **named: function(*values, **named),
    "get": getattr,
    "set": setattr,
    "item": operator.getitem,
    "put": operator.setitem,
    "delete": operator.delitem,
    "items": lambda value: list(itertools.islice(value, _MOST_ITEMS)),
    "next": next,
    "len": len,
    "bool": bool,
    "text": str,
    "repr": repr,
    "number": float,
    "neg": operator.neg,
    "abs": abs,
    **{name: getattr(operator, f"__{name}__") for name in (*OPERATORS, *COMPARISONS)},
}


def serve(channel: Channel, program: list[str], entry_point: str) -> None:
    """Run the program, then answer the checker until it closes the channel."""
    random.seed(0)
    namespace: dict[str, Any] = {"__name__": "response", "__builtins__": builtins}
    problem = ""
    for source in program:
        problem = _run(source, namespace) or problem
    held: list[Any] = []
    entry = namespace.get(entry_point)
    missing = f"the response defines no {entry_point}" + (f" ({problem})" if problem else "")
    channel.send({"missing": missing} if entry is None else {"entry": _hold(held, entry)})
    while True:
        try:
            request = channel.receive()
        except WireError:
            return
        answer = _answer(request, held)
        try:
            channel.send(answer)
        except WireError as problem:
            channel.send({"error": ["ValueError", str(problem)]})


def _run(source: str, namespace: dict[str, Any]) -> str:
    """Run statement by statement: an example that fails, prints or asks spoils nothing. Returns the last problem."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        return _told(problem)
    found = ""
    for statement in statements:
        if _is_example(statement):
            continue
        try:
            exec(compile(ast.Module([statement], []), "response", "exec"), namespace)  # noqa: S102
        except BaseException as problem:
            found = _told(problem)
    return found


def _is_example(statement: ast.stmt) -> bool:
    """A printed call or an assertion defines nothing, and may take long."""
    match statement:
        case ast.Assert() | ast.Expr(value=ast.Constant()) | ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
        case _:
            return False


def _hold(held: list[Any], value: Any) -> Any:
    held.append(value)
    return [len(held) - 1, type(value).__name__[:80]]


def _answer(request: Any, held: list[Any]) -> Any:
    def hold(value: Any) -> Any:
        return _hold(held, value)

    try:
        values = [decode(value, held.__getitem__) for value in request["values"]]
        named = {name: decode(value, held.__getitem__) for name, value in request["named"].items()}
        result = _DOES[request["do"]](*values, **named)
        return {"value": encode(result, hold), "after": [encode(value, hold) for value in values if _can_change(value)]}
    except BaseException as problem:
        return {"error": [_kind(problem), _told(problem)]}


def _can_change(value: Any) -> bool:
    return isinstance(value, list | dict | set | bytearray)


def _kind(problem: BaseException) -> str:
    """The nearest built-in class of an exception."""
    names = [kind.__name__ for kind in type(problem).__mro__ if kind.__module__ == "builtins"]
    return next(iter(names), "Exception")


def _told(problem: BaseException) -> str:
    try:
        return f"{type(problem).__name__}: {problem}"[:200]
    except BaseException:
        return type(problem).__name__[:200]
