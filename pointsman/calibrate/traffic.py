"""The user's queries, with the scores and costs that they bring."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pointsman.evaluation.outcomes import EvaluationError, Floats, Outcomes
from pointsman.queries.base import Query
from pointsman.queries.sources.file import generate
from pointsman.routers.base import router_text
from pointsman.tables.schemas import ROLES

_LONGEST_CHARS = 100_000


@dataclass(frozen=True)
class Traffic:
    """What the router reads of n queries, and what is known of both models' answers."""

    source: Path
    texts: list[str]
    scores: tuple[Floats, Floats] | None  # weak and strong, shape (n,) each; null unless every row has both
    costs: tuple[Floats, Floats] | None  # likewise, US dollars

    @property
    def labelled(self) -> Outcomes | None:
        """Outcomes, where every row has both scores; without costs, each strong answer costs 1."""
        if self.scores is None:
            return None
        free = (np.zeros(len(self.texts)), np.ones(len(self.texts)))
        return Outcomes(*self.scores, *(self.costs or free))

    def outcomes(self) -> Outcomes:
        """As `labelled`.

        Raises:
            EvaluationError: a row lacks a score.
        """
        if (found := self.labelled) is None:
            raise EvaluationError(
                f"{self.source} lacks weak_score and strong_score (or ratings) in some row, and a quality cannot be "
                "measured without them. Map other names with --column weak_score=…; a --strong-share needs no labels"
            )
        return found

    def known_costs(self) -> tuple[Floats, Floats]:
        """Costs of the weak and the strong answer.

        Raises:
            EvaluationError: a row lacks one.
        """
        if self.costs is None:
            raise EvaluationError(
                f"{self.source} lacks weak_cost and strong_cost in some row, and a budget cannot be kept without them. "
                "Give averages with --weak-usd-per-1k and --strong-usd-per-1k"
            )
        return self.costs


def read_traffic(
    path: Path, columns: dict[str, str], weak_usd_per_1k: float | None, strong_usd_per_1k: float | None
) -> Traffic:
    """Read a file of queries as `queries=file` does.

    Args:
        path: JSONL, CSV or Parquet.
        columns: our column names -> the file's.
        weak_usd_per_1k: cost of 1,000 weak answers, where rows bring none.
        strong_usd_per_1k: likewise of strong ones.

    Raises:
        TableError: names the file, the row and the column of the first value that is not allowed.
    """
    queries = list(generate(path, columns, _LONGEST_CHARS))
    scores = _both([{role: _score(query, role) for role in ROLES} for query in queries])
    averages = {"weak": weak_usd_per_1k, "strong": strong_usd_per_1k}
    costs = _both([{role: _cost(query, role, averages) for role in ROLES} for query in queries])
    return Traffic(path, [router_text(query.prompt, query.messages) for query in queries], scores, costs)


def add_column_option(parser: argparse.ArgumentParser) -> None:
    """`--column OURS=YOURS`, repeatable; a list of pairs for `read_traffic`'s `columns`."""
    parser.add_argument(
        "--column",
        action="append",
        type=_column_pair,
        default=[],
        metavar="OURS=YOURS",
        help="map a column, e.g. prompt=question",
    )


def _column_pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no OURS=YOURS, e.g. prompt=question")
    return ours, theirs


def _score(query: Query, role: str) -> float | None:
    score, rating = query.given.get(f"{role}_score"), query.given.get(f"{role}_rating")
    return score if score is not None or rating is None else (rating - 1.0) / 4.0


def _cost(query: Query, role: str, averages: dict[str, float | None]) -> float | None:
    average = averages[role]
    return query.given.get(f"{role}_cost", None if average is None else average / 1000.0)


def _both(rows: list[dict[str, Any]]) -> tuple[Floats, Floats] | None:
    if any(value is None for row in rows for value in row.values()):
        return None
    weak, strong = (np.array([row[role] for row in rows], dtype=np.float64) for role in ROLES)
    return weak, strong
