"""What judging will cost, as far as it is known before."""

from collections.abc import Sequence

import pandas as pd

from pointsman.rating.plan import Task
from pointsman.rating.questions import Question
from pointsman.tables.schemas import RESPONSES, check, frame

ASSUMED_TOKENS = 500
_CHARS_PER_TOKEN = 4


def assume_responses(queries: pd.DataFrame, role: str) -> pd.DataFrame:
    """A RESPONSES table of answers of ASSUMED_TOKENS each, for an estimate before any model was asked."""
    filler = "x" * (ASSUMED_TOKENS * _CHARS_PER_TOKEN)
    rows = [{"id": name, "response": f"{role} {name} {filler}"} for name in queries["id"]]
    return check(frame(rows, RESPONSES), RESPONSES, "assumed responses")


def explain_questions(tasks: Sequence[Task], asked: Sequence[Question]) -> str:
    """What the judge's requests are for, in words."""
    added = {task.id for task in tasks if task.validates and task.method != "judge"}
    repeats = sum(question.repeat > 0 for question in asked)
    validating = sum(question.repeat == 0 and question.id in added for question in asked)
    return (
        f"of the judge's requests {len(asked) - validating - repeats} are for ratings, {validating} to measure it "
        f"against references, {repeats} to see whether it repeats itself; an unreadable verdict costs one more"
    )
