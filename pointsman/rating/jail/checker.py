"""The side that holds the checks. It never runs the response's code: it asks the candidate for values."""

import random
from typing import Any

from pointsman.rating.jail.remote import BrokenCheck, Candidate, Gone
from pointsman.rating.jail.wire import Channel


def run_checks(channel: Channel, setup: str, entry_point: str, checks: list[str]) -> dict[str, Any]:
    """Run each check with the entry point's handle under its own name and as `candidate`.

    Returns {"results": [{"passed", "calls", "detail"} for each check], "gone": why the code stopped, or ""}, or
    {"broken": …} where a check cannot be run.
    """
    random.seed(0)
    candidate = Candidate(channel)
    namespace = _namespace(setup)
    try:
        namespace |= dict.fromkeys((entry_point, "candidate"), candidate.entry())
    except Gone:
        results = [{"passed": False, "calls": 1, "detail": candidate.gone} for _ in checks]
        return {"results": results, "gone": candidate.gone}
    try:
        results = [_run(check, dict(namespace), candidate) for check in checks]
    except BrokenCheck as problem:
        return {"broken": str(problem)}
    return {"results": results, "gone": candidate.gone}


def _namespace(setup: str) -> dict[str, Any]:
    """What the reference's own set-up defines; it may end in a signature that waits for its body."""
    namespace: dict[str, Any] = {"__name__": "checks"}
    try:
        code = compile(setup, "setup", "exec")
    except SyntaxError:
        code = compile(setup.rstrip() + "\n    pass\n", "setup", "exec")
    exec(code, namespace)  # noqa: S102
    return namespace


def _run(check: str, namespace: dict[str, Any], candidate: Candidate) -> dict[str, Any]:
    """Raises BrokenCheck where it fails, for another reason than an assertion, before the candidate is asked."""
    before = candidate.calls
    try:
        exec(compile(check, "check", "exec"), namespace)  # noqa: S102
        passed, detail = True, ""
    except BrokenCheck:
        raise
    except Gone as problem:
        return {"passed": False, "calls": 1, "detail": str(problem)}
    except BaseException as problem:
        passed, detail = False, f"{type(problem).__name__}: {problem}"[:200]
        if candidate.calls == before and not isinstance(problem, AssertionError):
            raise BrokenCheck(detail) from problem
    return {"passed": passed, "calls": candidate.calls - before, "detail": detail}
