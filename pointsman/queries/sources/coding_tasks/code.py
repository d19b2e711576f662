"""Templates of Python tasks, and how one variant becomes a prompt and its hidden checks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from string import Template
from typing import Any, NamedTuple

Values = Mapping[str, object]

FUNCTION = (
    "Write a Python function $signature that $task. Reply with the code only.",
    "Could you please write a Python function `$signature` which $task? Reply with the code only.",
    "Need $signature in Python: it $task. Code only please.",
    'Complete this Python function. Reply with the code only.\n\ndef $signature:\n    """$Task."""\n',
    "Write a Python function `$signature` that $task.\n\nExample: $example gives $result\n\nReply with the code only.",
    "Implement $signature in Python. The function $task. For instance, $example returns $result. "
    "Just the code, no explanation.",
)
CLASS = (
    "Write a Python class $signature that $task. Reply with the code only.",
    "I need a small Python class called `$signature`. It $task. Please reply with the code only.",
    "Python class $signature: $task. Code only, no explanation.",
    'Fill in this class. Reply with the code only.\n\nclass $signature:\n    """$Task."""\n',
)
FIX = (
    "This function $task, or so it should, but there is a bug. Fix it and reply with the corrected code only.\n\n"
    "```python\n$shown\n```",
    "Fix the bug. The function $task.\n\n$shown\n\nReply with the fixed code only.",
    "My code gives wrong results :( What I want: a function that $task. Here is what I have:\n\n"
    "```python\n$shown\n```\n\nPlease send back the corrected function, code only.",
    "$shown\n\nThis $task, at least that is the idea. For $example I expect $result. "
    "Correct the code. Reply with the code only.",
)


class Variant(NamedTuple):
    """One query of a template: what is asked and how an answer is checked."""

    prompt: str
    reference: dict[str, Any]


@dataclass(frozen=True)
class CodeTask:
    """Write or fix a Python function or class. `$name` in any text stands for the variant's value of that name.

    The first of `inputs` may be shown as an example; the others become hidden checks, with the values that
    `solution` gives. In `call`, `$input` may be statements ending in an expression, separated by "; ".
    With `buggy` source, the task is to fix that.
    """

    name: str
    difficulty: str
    task: str
    solution: str
    inputs: tuple[str, ...]
    variants: tuple[Values, ...]
    buggy: str = ""
    call: str = "$f($input)"

    @property
    def wordings(self) -> tuple[str, ...]:
        """Ways to ask for it."""
        if self.buggy:
            return FIX
        return CLASS if self.solution.startswith("class ") else FUNCTION

    def render(self, place: int, random: Random) -> Variant:
        """The query of the variant at `place`, in a wording that `random` chooses."""
        values = self.variants[place]
        name, source = str(values["f"]), fill(self.solution, values)
        example, *calls = dict.fromkeys(fill(self.call, {"input": fill(i, values), **values}) for i in self.inputs)
        task = fill(self.task, values)
        prompt = fill(
            random.choice(self.wordings),
            {
                "signature": signature(source, name),
                "task": task,
                "Task": task[0].upper() + task[1:],
                "example": example,
                "result": literal(evaluate(source, example)),
                "shown": fill(self.buggy, values).strip(),
            },
        )
        checks = [check(call, evaluate(source, call)) for call in calls]
        return Variant(prompt, {"kind": "code", "entry_point": name, "checks": checks, "setup": ""})


def fill(text: str, values: Values) -> str:
    """`text` with every `$name` replaced; a name without a value raises KeyError."""
    return Template(text).substitute(values)


def signature(source: str, name: str) -> str:
    """`name(arguments)` as the source defines it, or the bare name of a class."""
    found = re.search(rf"^def ({name}\(.*\)):", source, flags=re.MULTILINE)
    return found[1] if found else name


def evaluate(source: str, call: str) -> Any:
    """The value of the call's last expression after the source, both of which are our own templates."""
    statements, _, expression = call.rpartition("; ")
    namespace: dict[str, Any] = {}
    exec(f"{source}\n{statements}", namespace)  # noqa: S102
    return eval(expression, namespace)  # noqa: S307


def check(call: str, value: object) -> str:
    """One line that asserts the value of a call; floats with a tolerance, since summation orders differ."""
    statements, separator, expression = call.rpartition("; ")
    test = f"abs({expression} - {value!r}) < 1e-6" if isinstance(value, float) else f"{expression} == {literal(value)}"
    return f"{statements}{separator}assert {test}"


def literal(value: object) -> str:
    """The source of a value, the same in every process: the order of a set's elements is not."""
    return f"{{{', '.join(map(repr, sorted(value)))}}}" if isinstance(value, set) and value else repr(value)
