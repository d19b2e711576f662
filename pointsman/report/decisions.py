"""Sample decisions: what the winner did with single queries."""

from typing import Any

import numpy as np
import pandas as pd

from pointsman.report.content import Decision, Decisions, Section, Text
from pointsman.report.inputs import Inputs
from pointsman.report.numbers import plain
from pointsman.report.text import NAME_CHARACTERS, cut

QUERY_CHARACTERS = 400
ANSWER_CHARACTERS = 240


def sample_decisions(inputs: Inputs) -> Section:
    """Test queries evenly spaced over the ranking by score: nobody picked them."""
    title, rows = "Sample decisions", inputs.rows("test")
    taken = inputs.split("test")
    if inputs.chosen is None or taken is None:
        return Section("decisions", title, (Text("There is no router, or no test query, to show decisions of."),))
    scored = rows.assign(score=taken.scores[inputs.chosen].score).sort_values(["score", "id"])
    places = np.linspace(0, len(scored) - 1, min(inputs.settings.sample_decisions, len(scored)))
    chosen = scored.iloc[np.unique(places.round().astype(int))]
    answers = {role: table.set_index("id")["response"] for role, table in inputs.responses.items()}
    threshold = float(inputs.winner["threshold"])
    items = tuple(_decide(row, threshold, answers) for row in chosen.to_dict("records"))
    intro = Text(
        "Test queries evenly spaced over the ranking, from the surest weak one to the surest strong one. "
        "Long texts are cut; invisible and direction-changing characters are shown by their code."
    )
    return Section("decisions", title, (intro, Decisions(items)))


def _decide(row: dict[Any, Any], threshold: float, answers: dict[str, pd.Series]) -> Decision:
    strong = row["score"] > threshold
    return Decision(
        query=cut(row["text"], QUERY_CHARACTERS),
        category=cut(row["category"], NAME_CHARACTERS),
        score=plain(row["score"]),
        route="strong" if strong else "weak",
        weak_score=plain(row["weak_score"], 2),
        strong_score=plain(row["strong_score"], 2),
        comment=_comment(strong, row["gain"]),
        weak_answer=_answer(answers["weak"], row["id"]),
        strong_answer=_answer(answers["strong"], row["id"]),
    )


def _comment(strong: bool, gain: float) -> str:
    if gain > 0:
        return "right: strong was better" if strong else "missed: strong was better"
    if gain < 0:
        return "worse: weak was better" if strong else "right: weak was better"
    return "wasted: both did as well" if strong else "right: both did as well"


def _answer(responses: pd.Series, query_id: str) -> str | None:
    response = responses.get(query_id)
    return cut(response, ANSWER_CHARACTERS) if isinstance(response, str) else None
