"""References of kind code: the share of checks that the response's program passes, run in the sandbox."""

import ast
import re
from collections.abc import Mapping
from textwrap import dedent, indent
from typing import Any, NamedTuple

from pointsman.config.rating import SandboxConfig
from pointsman.rating.sandbox import Job, SandboxError, run_checks

_LONGEST_CHARS = 16_000
_MOST_TRIES = 25  # of dropping a line that does not parse
_FENCE = re.compile(
    r"^[ \t]*(?:```|~~~)[ \t]*(?P<language>[\w+#.-]*)[^\n]*\n(?P<code>.*?)(?:^[ \t]*(?:```|~~~)[ \t]*$|\Z)", re.M | re.S
)
_INLINE = re.compile(r"```(?P<code>[^`\n]+)```")
_PYTHON = ("", "python", "py", "python3", "python2", "ipython")
_STARTS = re.compile(r"^(?:def |class |async def |import |from \w[\w.]* import |@\w|[A-Za-z_]\w* *(?::[^=\n]+)?= ?\S)")
_TOO_MUCH = (SyntaxError, ValueError, RecursionError, MemoryError)


class Score(NamedTuple):
    """Share of the checks passed, and in words."""

    score: float
    detail: str


def score(response: str, reference: Mapping[str, Any], limits: SandboxConfig) -> Score:
    """Run the response's program and the reference's checks. Checks that ask nothing of it do not count.

    Raises:
        SandboxError: no isolation on this platform, or the checks cannot be run.
    """
    setup, entry_point = str(reference.get("setup") or ""), str(reference["entry_point"])
    program = extract_program(response, entry_point, setup)
    if not program:
        return Score(0.0, "no Python code found")
    job = Job((setup, program) if setup else (program,), entry_point, tuple(reference["checks"]), setup)
    results = [result for result in run_checks(job, limits) if result.calls or not result.passed]
    if not results:
        raise SandboxError(f"no check of {entry_point!r} calls it. Mend its reference")
    failed = [result.detail for result in results if not result.passed]
    passed = len(results) - len(failed)
    told = f"{passed} of {len(results)} checks passed" + (f"; first failure: {failed[0]}" if failed else "")
    return Score(passed / len(results), told)


def extract_program(response: str, entry_point: str, setup: str = "") -> str:
    """The Python program in a response: its fenced blocks joined, else the code among the prose.

    A bare function body continues `setup` where that ends in the function's signature. An end that was cut off
    is dropped line by line until the rest parses. Empty where there is no code.
    """
    text = re.sub(r"<think>.*?</think>", "", response, flags=re.S)[:_LONGEST_CHARS].replace("\r\n", "\n").expandtabs(4)
    blocks = [
        match["code"]
        for match in _FENCE.finditer(text)
        if match["language"].lower() in _PYTHON and match["code"].strip()
    ] or [match["code"] for match in _INLINE.finditer(text)]
    parts = [parsable(dedent(block)) for block in blocks] or _unfenced(text)
    program = "\n\n".join(part for part in parts if part)
    if program and (_defines(program, entry_point) or not setup):
        return program
    body = _continued(setup, entry_point, blocks[0] if blocks else text)
    return body or program


def parsable(code: str) -> str:
    """The longest beginning of the code, by lines, that is Python; "" where none is."""
    lines = code.rstrip().split("\n")
    for _ in range(_MOST_TRIES):
        try:
            tree = ast.parse("\n".join(lines))
        except SyntaxError as problem:
            # A cut shows at the end; what is wrong earlier cannot be mended by keeping what follows it.
            lines = lines[: min(len(lines) - 1, problem.lineno or len(lines))]
        except _TOO_MUCH:
            return ""
        else:
            return "\n".join(lines) if tree.body else ""
        if not lines:
            return ""
    return ""


def _unfenced(text: str) -> list[str]:
    """Runs of lines that parse, each from a line that begins like code; prose between them is passed over."""
    lines = text.replace("```", "").split("\n")
    found: list[str] = []
    place = tries = 0
    while place < len(lines) and tries < _MOST_TRIES:
        if not _STARTS.match(lines[place]):
            place += 1
            continue
        end = next((n for n in range(place + 1, len(lines)) if _is_prose(lines[n])), len(lines))
        part = parsable("\n".join(lines[place:end]))
        found.append(part)
        place += max(1, part.count("\n") + 1 if part else 1)
        tries += 1
    return [part for part in found if part]


def _is_prose(line: str) -> bool:
    """A line at the margin that is no code: several words, and it does not parse."""
    if not line or line[0].isspace() or line[0] in "#@)]}\"'":
        return False
    try:
        ast.parse(line if not line.rstrip().endswith(":") else line + " pass")
    except _TOO_MUCH:
        return (
            not re.match(r"(?:else|elif|except|finally|case|def|class|if|for|while|with|try)\b", line)
            and " " in line.strip()
        )
    return False


def _defines(program: str, name: str) -> bool:
    return bool(
        re.search(rf"^(?:(?:async )?def|class) {re.escape(name)}\b|^{re.escape(name)} *(?::[^=\n]+)?=", program, re.M)
    )


def _continued(setup: str, entry_point: str, body: str) -> str:
    """`setup`, which ends in the signature of the entry point, with the response as the body; "" where it is none."""
    if not re.search(rf"^(?:async )?def {re.escape(entry_point)}\b", setup, re.M):
        return ""
    for text in (body, indent(dedent(body), "    ")):
        lines = text.strip("\n").split("\n")
        for end in range(len(lines), max(0, len(lines) - _MOST_TRIES), -1):
            code = (setup.rstrip() + "\n" + "\n".join(lines[:end])).rstrip()
            if re.match(r"\s", lines[0]) and parsable(code) == code and _has_body(code, entry_point):
                return code
    return ""


def _has_body(code: str, entry_point: str) -> bool:
    functions = [node for node in ast.parse(code).body if getattr(node, "name", "") == entry_point]
    return bool(functions) and isinstance(functions[-1], ast.FunctionDef) and len(functions[-1].body) > 1
