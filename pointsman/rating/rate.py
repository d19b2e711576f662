"""From queries and responses to rows of data/ratings.jsonl and data/judgements.jsonl."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pointsman.config.rating import RatingConfig
from pointsman.rating.grading import Item, grade_all
from pointsman.rating.plan import Task
from pointsman.rating.questions import Question, are_same, questions
from pointsman.rating.reading import read_comparison, read_judgement
from pointsman.rating.references import Verdict
from pointsman.rating.replies import Ask, Count, Reply, ask_judge
from pointsman.tables.schemas import ROLES

_LONGEST_DETAIL_CHARS = 300
_EMPTY = {"rating": None, "score": None, "rationale": None, "judge_model": None, "error": None}

Key = tuple[str, str]
Row = dict[str, Any]


class Rated(NamedTuple):
    """Rows of the RATINGS and JUDGEMENTS tables, and verdicts of code that was run now, to be recorded."""

    rows: list[Row]
    judgements: list[Row]
    live: dict[str, Verdict]


def rate(
    tasks: Sequence[Task],
    config: RatingConfig,
    *,
    ask: Ask,
    known: Count,
    template: str,
    recorded: Mapping[str, Verdict],
    model_hash: str | None = None,
) -> Rated:
    """Rate every task; one that cannot be rated has a row with an error and no score.

    Args:
        tasks: as `plan` gives them.
        config: the rating section.
        ask: asks models; called only where a judge rates something.
        known: how many of some requests are answered already.
        template: the judge's rubric, of the mode that conf names.
        recorded: verdicts of code checks that need not be run again.
        model_hash: of a local judge's weights.

    Raises:
        JudgeError: the template is unusable.
        ProviderError: the judge's provider refuses every request.
    """
    checked = [task for task in tasks if task.is_checked]
    graded = grade_all(
        [Item(task.response, task.reference or {}) for task in checked], config.sandbox, config.workers, recorded
    )
    checks = {(task.id, task.role): found for task, found in zip(checked, graded.outcomes, strict=True)}
    is_pairwise = config.judge.mode == "pairwise"
    asked = questions(tasks, config, template, model_hash)
    read = read_comparison if is_pairwise else read_judgement
    replies = ask_judge([question.request for question in asked], read, ask=ask, known=known)
    first = {
        (question.id, question.role): reply
        for question, reply in zip(asked, replies, strict=True)
        if question.repeat == 0
    }
    model = config.judge.candidate.model if config.judge.candidate else None
    judged = _compared(tasks, first) if is_pairwise else {key: _judged(reply) for key, reply in first.items()}
    rows = [_row(task, checks, judged, model) for task in tasks]
    return Rated(rows, _judgements(asked, replies, tasks, checks), graded.live)


def _row(task: Task, checks: Mapping[Key, Verdict | Exception], judged: Mapping[Key, Row], model: str | None) -> Row:
    key = (task.id, task.role)
    if task.error is not None:
        made: Row = {"error": task.error}
    elif task.method == "given":
        made = _kept(task)
    elif task.method == "reference":
        made = _checked(checks[key])
    else:
        made = judged[key] | {"judge_model": model}
    return {"id": task.id, "role": task.role, "method": task.method, **_EMPTY, **made}


def _kept(task: Task) -> Row:
    """What the user's row brought; of score and rating, either gives the other."""
    score = task.given.get("score")
    rating = task.given.get("rating")
    if score is None:
        score = ((rating or 1.0) - 1) / 4
    return {"score": score, "rating": 1 + 4 * score if rating is None else rating}


def _checked(found: Verdict | Exception) -> Row:
    if isinstance(found, Exception):
        return {"error": str(found)}
    return _scored(found.score) | {"rationale": found.detail[:_LONGEST_DETAIL_CHARS]}


def _judged(reply: Reply) -> Row:
    if reply.judgement is None:
        return {"error": reply.error}
    return _scored((float(reply.judgement.value) - 1) / 4) | {"rationale": reply.judgement.rationale}


def _scored(score: float) -> Row:
    return {"score": score, "rating": 1 + 4 * score}


def _compared(tasks: Sequence[Task], replies: Mapping[Key, Reply]) -> dict[Key, Row]:
    """Both roles' rows of each pair: the winner of both orders scores 1, the loser 0, and in a tie both 0.5."""
    made: dict[Key, Row] = {}
    responses = {(task.id, task.role): task for task in tasks if task.is_judged}
    for name in dict.fromkeys(name for name, _ in responses):
        pair = [responses[name, role] for role in ROLES]
        if are_same(pair):
            made |= {(name, role): _scored(0.5) | {"rationale": "both answers are the same"} for role in ROLES}
            continue
        both = [replies[name, role] for role in ROLES]
        error = next((reply.error for reply in both if reply.error is not None), None)
        winners = {preferred(role, reply) for role, reply in zip(ROLES, both, strict=True)}
        winner = winners.pop() if len(winners) == 1 else "tie"
        why = " / ".join(reply.judgement.rationale for reply in both if reply.judgement)
        for role in ROLES:
            score = 0.5 if winner == "tie" else float(winner == role)
            made[name, role] = {"error": error} if error else _scored(score) | {"rationale": why}
    return made


def preferred(first: str, reply: Reply) -> str | None:
    """The role that a comparison finds better, or `tie`; null where it failed.

    Args:
        first: the role that was shown first.
        reply: to the comparison.
    """
    if reply.judgement is None:
        return None
    second = next(role for role in ROLES if role != first)
    return {"A": first, "B": second}.get(str(reply.judgement.value), "tie")


def _judgements(
    asked: Sequence[Question],
    replies: Sequence[Reply],
    tasks: Sequence[Task],
    checks: Mapping[Key, Verdict | Exception],
) -> list[Row]:
    """Everything that the judge said, and what the checks say of the same answers where both were asked."""
    methods = {(task.id, task.role): task.method for task in tasks}
    scores = {key: found.score for key, found in checks.items() if isinstance(found, Verdict)}
    return [
        {
            "id": question.id,
            "role": question.role,
            "repeat": question.repeat,
            "judge_model": question.request.model,
            "decides": methods[question.id, question.role] == "judge",
            "guided": question.guided,
            "form": reply.form,
            "repaired": reply.repaired,
            **_verdict(question.role, reply),
            **{f"{role}_reference": scores.get((question.id, role)) for role in ROLES},
            "error": reply.error,
        }
        for question, reply in zip(asked, replies, strict=True)
    ]


def _verdict(role: str, reply: Reply) -> Row:
    found = reply.judgement
    if found is None:
        return {"rating": None, "preferred": None, "rationale": None}
    is_rating = isinstance(found.value, int)
    return {
        "rating": found.value if is_rating else None,
        "preferred": None if is_rating else preferred(role, reply),
        "rationale": found.rationale,
    }
