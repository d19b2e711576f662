"""Our parametrised function-writing, fixing and SQL tasks, each with hidden checks and a reference solution."""

from collections.abc import Iterator
from itertools import zip_longest
from random import Random

from pointsman.config.base import Section
from pointsman.config.queries import CodingTasksSource, Family
from pointsman.queries.base import Query
from pointsman.queries.sources.coding_tasks.catalogue import FAMILIES, Task, tasks
from pointsman.queries.sources.sampling import Level, levels, require, require_count, validated


def generate(config: CodingTasksSource, seed: int) -> Iterator[Query]:
    """Yield `count` queries of each family, in turns over its templates; `seed` chooses variants and wordings.

    A family's `levels`, where given, are difficulties (easy, medium, hard) without parameters.

    Raises:
        ConfigError: an unknown family, a level with parameters, or fewer queries than asked for.
    """
    for family in config.families:
        require(family.dataset or family.name, FAMILIES, "family of coding_tasks")
        for level in levels(family):
            yield from _level(family, level, seed)


def _level(family: Family, level: Level, seed: int) -> Iterator[Query]:
    validated(Section, level.parameters, family)
    chosen = [task for task in tasks(family.dataset or family.name) if level.name in (None, task.difficulty)]
    turns = _in_turns(chosen, seed)
    require_count(len(turns), family, level)
    for task, place in turns[: level.count]:
        variant = task.render(place, Random(f"{seed} {task.name} {place}"))
        yield Query(
            prompt=variant.prompt,
            category=family.category,
            family=family.name,
            source="coding_tasks",
            difficulty=task.difficulty,
            reference=variant.reference,
            template=task.name,
        )


def _in_turns(chosen: list[Task], seed: int) -> list[tuple[Task, int]]:
    """Templates with the place of a variant: one variant of each template, then another of each, and so on."""
    orders = [Random(f"{seed} {t.name}").sample(range(len(t.variants)), len(t.variants)) for t in chosen]
    return [
        (task, place)
        for places in zip_longest(*orders)
        for task, place in zip(chosen, places, strict=True)
        if place is not None
    ]
