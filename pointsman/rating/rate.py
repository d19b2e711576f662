"""From queries and responses to rows of data/ratings.jsonl."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import pandas as pd

from pointsman.config.rating import RatingConfig
from pointsman.llm.responses import given
from pointsman.llm.types import Answer, Request
from pointsman.rating.grading import Item, grade_all
from pointsman.rating.judge import NO_JUDGE, JudgeError, Judgement, judge_request, read_judgement
from pointsman.rating.references import Verdict

Ask = Callable[[Sequence[Request]], list[Answer]]
Method = Literal["given", "reference", "judge"]
_LONGEST_DETAIL_CHARS = 300


class Task(NamedTuple):
    """One rating to make: by which method, of what. `error` says why it cannot be made."""

    id: str
    role: str
    method: Method
    prompt: str
    response: str
    reference: Mapping[str, Any] | None
    given: Mapping[str, float]
    error: str | None


class Rated(NamedTuple):
    """Rows of the RATINGS table, and verdicts of code that was run now, to be recorded."""

    rows: list[dict[str, Any]]
    live: dict[str, Verdict]


def plan(queries: pd.DataFrame, responses: Mapping[str, pd.DataFrame], config: RatingConfig) -> list[Task]:
    """One task for each query and role, in the queries' order. Reads nothing and asks nobody.

    Args:
        queries: the QUERIES table.
        responses: role -> RESPONSES table; a query whose score or rating was given needs no row.
        config: the rating section.
    """
    rows = {role: {row["id"]: row for row in table.to_dict("records")} for role, table in responses.items()}
    return [
        _task(query, role, rows[role].get(query["id"]), config)
        for query in queries.to_dict("records")
        for role in responses
    ]


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


def judge_requests(
    tasks: Sequence[Task], config: RatingConfig, template: str, model_hash: str | None = None
) -> list[Request]:
    """The requests of the tasks that a judge rates, in their order.

    Raises:
        JudgeError: the template is unusable.
    """
    return [
        judge_request(
            config.judge, template, task.prompt, task.response, reference=task.reference, model_hash=model_hash
        )
        for task in _open(tasks, "judge")
    ]


def rate(
    tasks: Sequence[Task],
    config: RatingConfig,
    *,
    ask: Ask,
    template: str,
    recorded: Mapping[str, Verdict],
    model_hash: str | None = None,
) -> Rated:
    """Rate every task; one that cannot be rated has a row with an error and no score.

    Args:
        tasks: as `plan` gives them.
        config: the rating section.
        ask: asks models; called only where a judge rates something.
        template: the judge's rubric.
        recorded: verdicts of code checks that need not be run again.
        model_hash: of a local judge's weights.

    Raises:
        JudgeError: the template is unusable.
    """
    checked = _open(tasks, "reference")
    graded = grade_all(
        [Item(task.response, task.reference or {}) for task in checked], config.sandbox, config.workers, recorded
    )
    requests = judge_requests(tasks, config, template, model_hash)
    answers = ask(requests) if requests else []
    judge = config.judge.candidate.model if config.judge.candidate else None
    made = {(task.id, task.role): _checked(found) for task, found in zip(checked, graded.outcomes, strict=True)}
    for task, answer in zip(_open(tasks, "judge"), answers, strict=True):
        made[task.id, task.role] = _judged(answer) | {"judge_model": judge}
    empty = {"rating": None, "score": None, "rationale": None, "judge_model": None, "error": None}
    rows = [
        {"id": task.id, "role": task.role, "method": task.method, **empty}
        | (made.get((task.id, task.role)) or _kept(task))
        for task in tasks
    ]
    return Rated(rows, graded.live)


def _open(tasks: Sequence[Task], method: Method) -> list[Task]:
    return [task for task in tasks if task.method == method and task.error is None]


def _kept(task: Task) -> dict[str, Any]:
    """What the user's row brought, or the task's error; of score and rating, either gives the other."""
    if task.error is not None:
        return {"error": task.error}
    score = task.given.get("score")
    rating = task.given.get("rating")
    if score is None:
        score = ((rating or 1.0) - 1) / 4
    return {"score": score, "rating": 1 + 4 * score if rating is None else rating}


def _checked(found: Verdict | Exception) -> dict[str, Any]:
    if isinstance(found, Exception):
        return {"error": str(found)}
    return {"score": found.score, "rating": 1 + 4 * found.score, "rationale": found.detail[:_LONGEST_DETAIL_CHARS]}


def _judged(answer: Answer) -> dict[str, Any]:
    try:
        judgement: Judgement = read_judgement(answer)
    except JudgeError as problem:
        return {"error": str(problem)}
    return {"score": judgement.score, "rating": float(judgement.rating), "rationale": judgement.rationale}
