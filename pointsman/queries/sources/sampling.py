"""What the generating sources share: levels, seeds, answers of a closed set."""

import hashlib
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from pointsman.config.base import Section
from pointsman.config.errors import ConfigError, explain
from pointsman.config.queries import Family
from pointsman.queries.base import Reference

Parameters = TypeVar("Parameters", bound=Section)


@dataclass(frozen=True)
class Level:
    """One difficulty of a family: its name (null where the family has none), parameters, and queries asked for."""

    name: str | None
    parameters: dict[str, Any]
    count: int


def levels(family: Family) -> Iterator[Level]:
    """The family's count in equal parts over its levels; what does not divide goes to the first ones."""
    named: list[tuple[str | None, dict[str, Any]]] = list(family.levels.items()) or [(None, {})]
    share, rest = divmod(family.count, len(named))
    for place, (name, parameters) in enumerate(named):
        count = share + (place < rest)
        if count:
            yield Level(name, parameters, count)


def level_seed(seed: int, family: Family, level: Level) -> int:
    """A seed of 31 bits that differs between levels and families and is the same in every process."""
    digest = hashlib.sha256(f"{seed}\0{family.name}\0{level.name}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def level_random(seed: int, family: Family, level: Level) -> random.Random:
    """A generator of random numbers for one level."""
    return random.Random(level_seed(seed, family, level))


def balanced(rows: Sequence[Any], answers: Sequence[str], count: int, rng: random.Random) -> list[Any]:
    """`count` rows without repetition, the answers in turns as long as there are rows of each."""
    groups: dict[str, list[Any]] = {}
    for row, answer in zip(rows, answers, strict=True):
        groups.setdefault(answer, []).append(row)
    for group in groups.values():
        rng.shuffle(group)
    order = sorted(
        ((place, answer, row) for answer, group in groups.items() for place, row in enumerate(group)),
        key=lambda item: item[:2],
    )
    return [row for _, _, row in order[:count]]


def one_of(answer: str, allowed: Iterable[str]) -> Reference:
    """A choice whose options are their own labels, for example Yes and No."""
    return {"kind": "choice", "answer": answer, "options": {option: option for option in allowed}}


def exact(answer: str, aliases: Iterable[str] = ()) -> Reference:
    """A text that must be given as it stands, up to the grader's normalisation."""
    return {"kind": "exact", "answer": answer, "aliases": list(aliases)}


def numeric(answer: float, tolerance: float = 0.0) -> Reference:
    """A number, right within an absolute tolerance."""
    return {"kind": "numeric", "answer": answer, "tolerance": tolerance}


def require(name: str, allowed: Collection[str], what: str) -> None:
    """Refuse a name that is not among the allowed ones.

    Raises:
        ConfigError: says which names are allowed.
    """
    if name not in allowed:
        raise ConfigError(
            f"queries.sources: unknown {what} {name!r}; allowed: {', '.join(sorted(allowed))}. "
            "Edit conf/queries/, then run: python -m pointsman.config.compose"
        )


def validated(model: type[Parameters], parameters: dict[str, Any], family: Family) -> Parameters:
    """The parameters of a level, checked.

    Raises:
        ConfigError: a parameter is unknown or not what it should be; says which are allowed.
    """
    try:
        return model.model_validate(parameters)
    except ValidationError as problem:
        raise ConfigError(explain(problem, f"queries.sources, family {family.name!r}", model)) from problem


def require_count(found: int, family: Family, level: Level) -> None:
    """Refuse a level that cannot give the queries asked for.

    Raises:
        ConfigError: says how many there are.
    """
    if found < level.count:
        raise ConfigError(
            f"queries.sources: family {family.name!r}, level {level.name!r}: {found} different queries, "
            f"expected {level.count}. Lower `count` of the family or widen the level's parameters in conf/queries/"
        )
