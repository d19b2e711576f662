"""Running model-written Python, with verdicts that it cannot forge.

Checks and response run in two processes. The response's code holds its objects and answers calls; the
checks hold the expected values, ask for results as plain data, and compare. So printing "passed",
`os._exit(0)`, patched builtins or an object whose `==` is always true change nothing: the only thing
that a response can do is to return values. Both processes have their own user, mount, process,
network and IPC namespaces, a root folder with nothing but the interpreter's libraries (read-only) and
a small scratch folder in memory, an empty environment, no capability, a filter on system calls, and
limits on processor time, address space, file size, processes and open files. When the checks end,
the kernel kills every process that is left.

What remains: the kernel itself is shared, so a hole in it is a way out; limits hold for each process,
so the code may use `processes` times the processor time (never more than `wall_s`) and memory; system
libraries are readable. Checks come from the reference and are trusted to be honest, though they are
confined just the same. Where the platform offers no such namespaces nothing is run.
"""

import json
import os
import re
import select
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pointsman
from pointsman.config.rating import SandboxConfig
from pointsman.errors import PointsmanError

_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from pointsman.rating.jail.launch import main; "
    "del sys.path[0]; main(*map(int, sys.argv[2:]))"
)
_START_AND_END_S = 10.0
_MOST_RESULT_BYTES = 2**20


class SandboxError(PointsmanError):
    """A program could not be run or its checks are broken; says nothing about the response."""


class Isolation(NamedTuple):
    """What this platform offers. `reason` says what is missing."""

    available: bool
    filtered: bool
    reason: str


class CheckResult(NamedTuple):
    """One check: whether it passed, how often it asked the code, and why it failed."""

    passed: bool
    calls: int
    detail: str


@dataclass(frozen=True)
class Job:
    """Python sources run in order, and the checks on the `entry_point` that they define.

    `setup` is the reference's own code, which the checks may use.
    """

    program: tuple[str, ...]
    entry_point: str
    checks: tuple[str, ...]
    setup: str = ""


def run_checks(job: Job, limits: SandboxConfig) -> list[CheckResult]:
    """Run a job's checks, one result each. A program that ends or runs out of time fails those that follow.

    Raises:
        SandboxError: no isolation on this platform, or a check cannot be run.
    """
    outcome = _run(job, limits)
    if "not_isolated" in outcome:
        raise SandboxError(f"not run: no isolation on this platform ({outcome['not_isolated']})")
    if "broken" in outcome:
        raise SandboxError(f"a check of {job.entry_point!r} cannot be run: {outcome['broken']}. Mend its reference")
    if "started" in outcome:
        return [CheckResult(False, 1, "the checks did not end") for _ in job.checks]
    if "results" not in outcome:
        raise SandboxError(f"the sandbox failed: {outcome.get('failed', 'no outcome')}")
    return [CheckResult(bool(r["passed"]), int(r["calls"]), _stable(str(r["detail"]))) for r in outcome["results"]]


@cache
def available() -> Isolation:
    """What isolation is to be had, found by running a harmless program; asked once a process."""
    limits = SandboxConfig(wall_s=20, cpu_s=2, memory_mb=256, file_mb=1, processes=4, output_kb=16)
    probe = Job(("def one():\n    return 1",), "one", ("assert one() == 1",))
    outcome = _run(probe, limits)
    if outcome.get("results", [{}])[0].get("passed"):
        filtered = bool(outcome["filtered"])
        return Isolation(True, filtered, "" if filtered else "system calls are not filtered (no seccomp)")
    return Isolation(False, False, str(outcome.get("not_isolated") or outcome.get("failed") or "no outcome"))


def _stable(detail: str) -> str:
    """The same in every run, and storable: no addresses, no lone surrogates."""
    return re.sub(r"0x[0-9a-f]{6,}", "0x…", detail).encode("utf-8", "replace").decode()


def _run(job: Job, limits: SandboxConfig) -> dict[str, Any]:
    if not sys.platform.startswith("linux"):
        return {"not_isolated": f"namespaces are Linux's, found {sys.platform}"}
    work = {"limits": limits.model_dump(), "program": job.program, "setup": job.setup, "entry_point": job.entry_point}
    files = [_memory_file(json.dumps(content).encode()) for content in (work, job.checks)]
    files.append(_memory_file(b""))
    try:
        job_file, checks_file, result_file = files
        _launch(job_file, checks_file, result_file, longest_s=limits.wall_s + _START_AND_END_S)
        return _outcome(os.pread(result_file, _MOST_RESULT_BYTES, 0))
    finally:
        for file in files:
            os.close(file)


def _memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("pointsman")
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _launch(job: int, checks: int, result: int, *, longest_s: float) -> None:
    """Start the launcher and wait until it, and so everything in it, has ended."""
    packages = Path(pointsman.__file__).parent.parent
    # Not -I, which would ignore PYTHONHASHSEED: the order of a set of strings must not change a verdict.
    command: Sequence[str] = [
        *(os.path.realpath(sys.executable), "-S", "-s", "-P", "-c", _BOOT),
        *(str(packages), str(checks), str(result)),
    ]
    process = subprocess.Popen(
        command,
        stdin=job,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PYTHONHASHSEED": "0"},
        cwd="/",
        pass_fds=(checks, result),
        start_new_session=True,
    )
    try:
        _wait(process.pid, longest_s)
    finally:
        process.kill()
        process.wait()


def _wait(process: int, longest_s: float) -> None:
    descriptor = os.pidfd_open(process)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(longest_s * 1000)
    finally:
        os.close(descriptor)


def _outcome(data: bytes) -> dict[str, Any]:
    """The last whole line."""
    lines = data.decode("utf-8", "replace").split("\n")[:-1]
    return dict(json.loads(lines[-1])) if lines else {"failed": "no outcome"}
