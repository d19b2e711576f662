"""What is to be rated, and how: one task for each query and role."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import pandas as pd

from pointsman.config.rating import RatingConfig
from pointsman.llm.responses import given
from pointsman.rating.judge import NO_JUDGE

Method = Literal["given", "reference", "judge"]


class Task(NamedTuple):
    """One rating to make: by which method, of what. `error` says why it cannot be made.

    `validates`: the answer is both checked and judged, whichever of the two the method is, to measure the judge.
    """

    id: str
    role: str
    method: Method
    prompt: str
    response: str
    reference: Mapping[str, Any] | None
    given: Mapping[str, float]
    error: str | None
    validates: bool = False

    @property
    def is_checked(self) -> bool:
        """Whether the answer is checked against its reference."""
        return self.error is None and (self.method == "reference" or self.validates)

    @property
    def is_judged(self) -> bool:
        """Whether the judge is asked about the answer."""
        return self.error is None and (self.method == "judge" or self.validates)


def plan(queries: pd.DataFrame, responses: Mapping[str, pd.DataFrame], config: RatingConfig) -> list[Task]:
    """One task for each query and role, in the queries' order. Reads nothing and asks nobody.

    Args:
        queries: the QUERIES table.
        responses: role -> RESPONSES table; a query whose score or rating was given needs no row.
        config: the rating section.
    """
    rows = {role: {row["id"]: row for row in table.to_dict("records")} for role, table in responses.items()}
    groups = [
        [_task(query, role, rows[role].get(query["id"]), config) for role in responses]
        for query in queries.to_dict("records")
    ]
    if config.judge.mode == "pairwise":
        groups = [_only_in_pairs(group) for group in groups]
    chosen = set(sample((group[0].id for group in groups if _can_validate(group, config)), config.judge.validate_on))
    return [task._replace(validates=task.id in chosen) for group in groups for task in group]


def sample(ids: Iterable[str], size: int, salt: str = "validate") -> list[str]:
    """So many of the ids, chosen by a hash of each: a few more queries change few of them."""
    return sorted(ids, key=lambda name: hashlib.sha256(f"{salt}\0{name}".encode()).digest())[:size]


def _task(query: Mapping[Any, Any], role: str, row: Mapping[Any, Any] | None, config: RatingConfig) -> Task:
    brought = given(query["metadata"])
    reference = query["reference"] if isinstance(query["reference"], dict) else None
    kept = {name: float(brought[f"{role}_{name}"]) for name in ("score", "rating") if f"{role}_{name}" in brought}
    method = "given" if kept else _method(reference, config)
    response = row["response"] if row is not None and not pd.isna(row["response"]) else ""
    error = None if kept else _error(row, method, reference, config)
    return Task(query["id"], role, method, query["prompt"], response, reference, kept, error)


def _method(reference: Mapping[str, Any] | None, config: RatingConfig) -> Method:
    if config.method == "both":
        return "judge" if reference is None else "reference"
    return config.method


def _error(
    row: Mapping[Any, Any] | None, method: Method, reference: Mapping[str, Any] | None, config: RatingConfig
) -> str | None:
    """Why a response cannot be rated; None where it can."""
    if row is None:
        return "there is no response"
    if not pd.isna(row["error"]):
        return f"no response to rate: {row['error']}"
    if method == "reference" and reference is None:
        return "the query has no reference; set rating.method to judge or both, and rating.judge.candidate"
    if method == "judge" and config.judge.candidate is None:
        return NO_JUDGE
    return None


def _only_in_pairs(group: Sequence[Task]) -> list[Task]:
    """The tasks of a query; a judge who compares can do nothing with one answer of two."""
    if len([task for task in group if task.is_judged]) == 2:
        return list(group)
    alone = "there is no second answer to compare it with; set rating.judge.mode to single"
    return [task._replace(error=alone) if task.is_judged else task for task in group]


def _can_validate(group: Sequence[Task], config: RatingConfig) -> bool:
    return (
        config.method != "reference"
        and config.judge.candidate is not None
        and all(task.reference is not None and task.method != "given" and task.error is None for task in group)
        and (config.judge.mode == "single" or len(group) == 2)
    )
