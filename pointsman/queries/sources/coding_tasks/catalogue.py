"""The templates of each family, read from the YAML files of `tasks/`."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pointsman.queries.sources.coding_tasks.code import CodeTask
from pointsman.queries.sources.coding_tasks.sql import SqlTask
from pointsman.queries.sources.coding_tasks.worlds import World

Task = CodeTask | SqlTask

FAMILIES: dict[str, type[Task]] = {
    "basics": CodeTask,
    "text": CodeTask,
    "lists": CodeTask,
    "numbers": CodeTask,
    "dicts": CodeTask,
    "parsing": CodeTask,
    "algorithms": CodeTask,
    "classes": CodeTask,
    "fix_bug": CodeTask,
    "sql_select": SqlTask,
    "sql_aggregate": SqlTask,
    "sql_join": SqlTask,
}


@cache
def tasks(family: str) -> tuple[Task, ...]:
    """The templates of one of `FAMILIES`."""
    make = _sql_task if FAMILIES[family] is SqlTask else _code_task
    return tuple(make(entry) for entry in _entries(family))


def _code_task(entry: dict[str, Any]) -> CodeTask:
    """`columns` names the values in each row of `variants`."""
    columns = entry.pop("columns")
    variants = tuple(dict(zip(columns, row, strict=True)) for row in entry.pop("variants"))
    return CodeTask(inputs=tuple(entry.pop("inputs")), variants=variants, **entry)


def _sql_task(entry: dict[str, Any]) -> SqlTask:
    return SqlTask(variants=_worlds(), **entry)


@cache
def _worlds() -> tuple[World, ...]:
    return tuple(World(**entry) for entry in _entries("worlds"))


def _entries(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((Path(__file__).parent / "tasks" / f"{name}.yaml").read_text("utf-8")))
