"""From the dataset and every router's scores to the winner and the numbers of reports/metrics.json."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pointsman.evaluation.curves import ALWAYS_STRONG, ALWAYS_WEAK
from pointsman.evaluation.intervals import Weights, resample_weights
from pointsman.evaluation.outcomes import EvaluationError, Outcomes
from pointsman.evaluation.select import Scores, Selection, select_router
from pointsman.evaluation.summary import evaluate_router, is_better, judge_winner, warn_of_outcomes, warn_of_router

PROBABILITIES = frozenset({"semantic", "llm", "bert", "stack", "knn", "shuffled", "length"})
"""Routers whose scores are calibrated; Brier and ECE say nothing of the others."""

FIXED = {"always_weak": ALWAYS_WEAK, "always_strong": ALWAYS_STRONG}
"""Thresholds that are not chosen."""

JUDGED = ("test", "test_unseen")


class Split(NamedTuple):
    """The queries of one split: what both models did, and what each router says."""

    outcomes: Outcomes
    scores: dict[str, Scores]


class Judgement(NamedTuple):
    """The content of reports/winner.json and reports/metrics.json."""

    winner: dict[str, Any]
    metrics: dict[str, Any]


def read_outcomes(table: pd.DataFrame) -> Outcomes:
    """The outcomes of rows of the dataset."""
    names = ("weak_score", "strong_score", "weak_cost", "strong_cost")
    return Outcomes(*(table[name].to_numpy(dtype=np.float64) for name in names))


def take_split(dataset: pd.DataFrame, scores: Mapping[str, pd.DataFrame], split: str) -> Split | None:
    """One split's rows with every router's scores for them, in the dataset's order; None where it has no rows.

    Raises:
        EvaluationError: a router lacks the score of a query.
    """
    rows = dataset[dataset["split"] == split]
    if rows.empty:
        return None
    found = {}
    for name, table in scores.items():
        aligned = table.set_index("id").reindex(rows["id"])
        if aligned["score"].isna().any():
            missing = aligned.index[aligned["score"].isna()][0]
            raise EvaluationError(
                f"router {name!r} has no score for query {missing!r}. Score again with: dvc repro --force"
            )
        found[name] = Scores(aligned["score"].to_numpy(np.float64), aligned["router_cost"].to_numpy(np.float64))
    return Split(read_outcomes(rows), found)


def judge(
    dataset: pd.DataFrame,
    scores: Mapping[str, pd.DataFrame],
    servable: Collection[str],
    *,
    quality: float,
    resamples: int,
    confidence: float,
    seed: int,
) -> Judgement:
    """Choose router and threshold on validation, then judge every router on test and test_unseen.

    Raises:
        EvaluationError: validation or test has no rows, or a router lacks scores.
    """
    splits = {name: take_split(dataset, scores, name) for name in ("validation", *JUDGED)}
    validation, test = splits["validation"], splits["test"]
    if validation is None or test is None:
        empty = "validation" if validation is None else "test"
        raise EvaluationError(f"no query is in the split {empty!r}; bring more queries, or name splits in a column")
    chosen = select_router(validation.scores, validation.outcomes, servable, quality)
    thresholds = {candidate.router: candidate.threshold for candidate in chosen.candidates} | FIXED
    weights = {name: resample_weights(s.outcomes.n, resamples, seed) for name, s in splits.items() if s}
    metrics = {
        name: _metrics(split, weights[name], thresholds, confidence) if split else _no_metrics()
        for name, split in splits.items()
        if name in JUDGED
    }
    verdict = judge_winner(
        chosen.router, chosen.threshold, test.scores, test.outcomes, weights["test"], confidence=confidence
    )
    return Judgement(
        _winner(chosen, verdict, test, weights["test"], confidence), _rounded(metrics | {"winner": verdict})
    )


def _metrics(split: Split, weights: Weights, thresholds: Mapping[str, float], confidence: float) -> dict[str, Any]:
    return {
        "n": split.outcomes.n,
        "weak_score": float(split.outcomes.weak_score.mean()),
        "strong_score": float(split.outcomes.strong_score.mean()),
        "routers": {
            name: evaluate_router(
                scores.score,
                split.outcomes,
                weights,
                router_cost=scores.router_cost,
                threshold=thresholds[name],
                confidence=confidence,
                is_probability=name in PROBABILITIES,
            )
            for name, scores in split.scores.items()
        },
    }


def _no_metrics() -> dict[str, Any]:
    return {"n": 0, "weak_score": None, "strong_score": None, "routers": {}}


def _winner(
    chosen: Selection, verdict: dict[str, Any], test: Split, weights: Weights, confidence: float
) -> dict[str, Any]:
    warnings = warn_of_outcomes(test.outcomes, weights, confidence)
    for name, scores in test.scores.items():
        if name in PROBABILITIES:
            warnings += warn_of_router(name, scores.score)
    winner: dict[str, Any] = _rounded(
        {
            "router": chosen.router,
            "threshold": chosen.threshold,
            "fallback": chosen.fallback,
            "beats_length": is_better(verdict["vs"]["length"]),
            "beats_knn": is_better(verdict["vs"]["knn"]),
            "candidates": [candidate._asdict() for candidate in chosen.candidates],
            "warnings": warnings,
        }
    )
    return winner


def _rounded(value: Any) -> Any:
    """Nine significant digits: enough for a threshold, and free of the last bits of a sum."""
    if isinstance(value, dict):
        return {key: _rounded(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_rounded(child) for child in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value
