"""Grading a response against its reference."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pointsman.config.rating import SandboxConfig
from pointsman.errors import PointsmanError
from pointsman.rating.checks import choice, code, exact, gym, numeric, sets, sql
from pointsman.rating.sandbox import SandboxError

Reference = Mapping[str, Any]


class GradingError(PointsmanError):
    """A response could not be graded, for a reason that is not its own: a broken reference, or no isolation."""


@dataclass(frozen=True)
class Verdict:
    """How right a response is, 0 to 1, and what that rests on."""

    score: float
    detail: str


def grade(response: str, reference: Reference, sandbox: SandboxConfig) -> Verdict:
    """Check a response against its reference. Only kind `code` runs what the response says.

    Raises:
        GradingError: the reference is broken, or code cannot be isolated on this platform.
    """
    kind = reference.get("kind")
    try:
        if kind == "code":
            return Verdict(*code.score(response, reference, sandbox))
        if kind not in _CHECKS:
            raise GradingError(f"reference kind {kind!r} is unknown; allowed: code, {', '.join(_CHECKS)}")
        right, detail = _CHECKS[kind](response, reference)
    except SandboxError as problem:
        raise GradingError(str(problem)) from problem
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise GradingError(f"the reference of kind {kind!r} is broken: {problem!r}") from problem
    return Verdict(float(right), detail)


def verdict_key(response: str, reference: Reference) -> str:
    """SHA-256 of a response and its reference: what a recorded verdict is found by."""
    content = json.dumps([response, dict(reference)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


_CHECKS: dict[str, Callable[[str, Reference], tuple[bool, str]]] = {
    "exact": lambda response, ref: exact.is_right(response, [ref["answer"], *(ref.get("aliases") or ())]),
    "numeric": lambda response, ref: numeric.is_right(response, float(ref["answer"]), float(ref.get("tolerance") or 0)),
    "choice": lambda response, ref: choice.is_right(response, ref["answer"], ref["options"]),
    "set": lambda response, ref: sets.is_right(response, ref["answer"]),
    "reasoning_gym": lambda response, ref: gym.is_right(response, ref["dataset"], ref["entry"]),
    "sql": lambda response, ref: sql.is_right(response, ref),
}
