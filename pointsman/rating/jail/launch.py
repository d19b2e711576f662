"""Where a sandbox starts: namespaces, a new root, then two processes that cannot see each other.

    launcher (waits) -> checker, process 1 of its namespace -> candidate, process 1 of one inside that

The candidate is started before the checks are read, so they are never in its memory. When the checker
ends, the kernel kills all that is left in both namespaces; when the launcher is killed, the checker is.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pointsman.rating.jail import candidate, checker, root, system
from pointsman.rating.jail.wire import Channel

JOB = 0
_ISOLATED = system.NEW_MOUNT | system.NEW_PID | system.NEW_NET | system.NEW_IPC | system.NEW_UTS
_FIRST_FREE_USER = 1_879_048_192  # far above any account; one identity a run, so that limits do not add up
_PROCESSES_OF_OURS = 3
_MIB = 2**20


def main(checks: int, result: int) -> None:
    """Read a job from descriptor 0; write the outcome, or why there is none, as the last line of `result`.

    The descriptor `checks` is left unread for the process that runs them.
    """
    job = _read(JOB)
    try:
        user = _isolate(job["limits"]["file_mb"])
    except (OSError, KeyError) as problem:
        _write(result, {"not_isolated": str(problem)})
        return
    child = os.fork()
    if child == 0:
        _as_child(result, lambda: _check(job, user, checks, result))
    os.close(result)
    os.waitpid(child, 0)


def _isolate(file_mb: int) -> int | None:
    """Leave every namespace and enter the new root. Returns the user to become (null: stay what one is)."""
    system.die_with_parent()
    _tell_kernel("oom_score_adj", "1000")
    outside = os.geteuid(), os.getegid()
    user = _FIRST_FREE_USER + os.getpid() if outside[0] == 0 else None
    try:
        system.unshare(_ISOLATED if user else _ISOLATED | system.NEW_USER)
    except PermissionError:
        if not user:
            raise
        user = None
        system.unshare(_ISOLATED | system.NEW_USER)
    if user is None:
        _map_user(*outside)
    root.build(scratch_mb=4 * file_mb)
    return user


def _map_user(user: int, group: int) -> None:
    """In a new user namespace, keep one's own numbers; capabilities last until they are dropped."""
    _tell_kernel("setgroups", "deny")
    _tell_kernel("uid_map", f"{user} {user} 1")
    _tell_kernel("gid_map", f"{group} {group} 1")


def _tell_kernel(name: str, text: str) -> None:
    with open(f"/proc/self/{name}", "w") as file:
        file.write(text)


def _check(job: dict[str, Any], user: int | None, checks: int, result: int) -> None:
    """Process 1 of the sandbox: start the candidate, then read and run the checks."""
    system.unshare(system.NEW_PID)
    (questions, ask), (hear, answers) = os.pipe(), os.pipe()
    limits = job["limits"]
    if os.fork() == 0:
        _as_child(result, lambda: _serve(questions, answers, job, user))
    os.close(questions)
    os.close(answers)
    channel = Channel(hear, ask, limits["output_kb"] * 1024, time.monotonic() + limits["wall_s"])
    filtered = _confine(limits, user, cpu_s=3 * limits["cpu_s"])
    if channel.receive() != "ready":
        raise OSError("the response's process did not start")
    _write(result, {"started": True})
    outcome = checker.run_checks(channel, job["setup"], job["entry_point"], _read(checks))
    _write(result, {**outcome, "filtered": filtered})


def _serve(questions: int, answers: int, job: dict[str, Any], user: int | None) -> None:
    """Process 1 of the inner namespace: nothing but the channel is open, then the response's code runs."""
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    last = 2
    for kept in sorted((questions, answers)):
        os.closerange(last + 1, kept)
        last = kept
    os.closerange(last + 1, 2**16)
    limits = job["limits"]
    _confine(limits, user, limits["cpu_s"])
    os.chdir(root.SCRATCH)
    os.environ.clear()
    sys.argv[:], sys.orig_argv[:] = [""], []
    channel = Channel(questions, answers, limits["output_kb"] * 1024, time.monotonic() + 1e6)
    channel.send("ready")
    candidate.serve(channel, job["program"], job["entry_point"])


def _confine(limits: dict[str, Any], user: int | None, cpu_s: int) -> bool:
    """Give up every privilege and set the limits; says whether system calls are filtered too."""
    system.drop_privileges(user)
    system.die_with_parent()
    for what, most in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, limits["memory_mb"] * _MIB),
        (resource.RLIMIT_FSIZE, limits["file_mb"] * _MIB),
        (resource.RLIMIT_NPROC, limits["processes"] + _PROCESSES_OF_OURS),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    try:
        system.deny_calls()
    except OSError:
        return False
    return True


def _as_child(result: int, work: Callable[[], None]) -> None:
    """Run in a forked child, which never returns into its parent's code."""
    try:
        work()
    except BaseException as problem:
        with suppress(OSError):
            _write(result, {"failed": f"{type(problem).__name__}: {problem}"})
    finally:
        os._exit(0)


def _read(descriptor: int) -> Any:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return json.load(file)


def _write(descriptor: int, outcome: dict[str, Any]) -> None:
    os.write(descriptor, json.dumps(outcome).encode() + b"\n")
