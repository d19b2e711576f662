"""What the report is made of: the files of the stages before it, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pointsman.config.llm import PairConfig
from pointsman.config.rating import JudgeConfig
from pointsman.evaluation.judge import Split, take_split
from pointsman.tables.io import read_json
from pointsman.tables.schemas import DATASET, JUDGEMENTS, QUERIES, RATINGS, RESPONSES, ROLES, SCORES, read_table


@dataclass(frozen=True)
class Settings:
    """What of params.yaml the report shows or computes with."""

    title: str
    pair: PairConfig
    judge: JudgeConfig
    sample_decisions: int
    quality: float  # share of strong's quality that the winner should keep
    seed: int
    resamples: int
    confidence: float
    digest: str  # of all settings that shape the results


@dataclass(frozen=True)
class Inputs:
    """The content of every file that the report reads; null where there is none of the last five."""

    settings: Settings
    metrics: Mapping[str, Any]
    winner: Mapping[str, Any]
    dataset: pd.DataFrame
    summary: Mapping[str, Any]
    scores: Mapping[str, pd.DataFrame]
    queries: pd.DataFrame
    responses: Mapping[str, pd.DataFrame]
    ratings: pd.DataFrame
    judgements: pd.DataFrame  # empty where no judge was asked
    robustness: Mapping[str, Any] | None
    studies: Mapping[str, Any] | None
    timing: Mapping[str, Any] | None
    spend: Mapping[str, Any] | None
    recordings: Mapping[str, Any] | None

    @property
    def unit(self) -> str:
        """Unit of the costs: USD, relative or strong calls."""
        return str(self.summary["cost_unit"])

    @property
    def chosen(self) -> str | None:
        """Name of the winner, where there is one and its scores are known."""
        name = self.winner.get("router")
        return str(name) if name in self.scores else None

    @property
    def verdict(self) -> Mapping[str, Any]:
        """The winner's measures on test; empty where there are none."""
        return self.metrics.get("winner") or {}

    def split(self, name: str) -> Split | None:
        """One split's outcomes and scores; null where it has no rows."""
        return take_split(self.dataset, self.scores, name)

    def rows(self, split: str) -> pd.DataFrame:
        """One split's rows of the dataset, in the order of `split`'s arrays."""
        return self.dataset[self.dataset["split"] == split]

    def measures(self, split: str) -> Mapping[str, Any]:
        """Every router's measures on a split, by its name; empty where the split has no rows."""
        return self.metrics.get(split, {}).get("routers") or {}


def read_inputs(root: Path, settings: Settings) -> Inputs:
    """Read the files under a repository's root.

    Raises:
        TableError: a file is missing or not what its schema says.
    """
    metrics, winner = read_json(root / "reports/metrics.json"), read_json(root / "reports/winner.json")
    return Inputs(
        settings=settings,
        metrics=metrics,
        winner=winner,
        dataset=read_table(root / "data/dataset.parquet", DATASET),
        summary=read_json(root / "data/dataset.json"),
        scores={
            name: read_table(root / f"reports/routers/{name}/scores.jsonl", SCORES) for name in _scored(metrics, winner)
        },
        queries=read_table(root / "data/queries.jsonl", QUERIES),
        responses={role: read_table(root / f"data/responses/{role}.jsonl", RESPONSES) for role in ROLES},
        ratings=read_table(root / "data/ratings.jsonl", RATINGS),
        judgements=read_table(root / "data/judgements.jsonl", JUDGEMENTS),
        robustness=_optional(root / "reports/robustness.json"),
        studies=_optional(root / "reports/studies.json"),
        timing=_optional(root / "reports/timing.json"),
        spend=_optional(root / "reports/spend.json"),
        recordings=_optional(root / "data/recordings/manifest.json"),
    )


def _scored(metrics: Mapping[str, Any], winner: Mapping[str, Any]) -> list[str]:
    judged = metrics.get("test", {}).get("routers") or {}
    return sorted(judged) or sorted(candidate["router"] for candidate in winner.get("candidates", []))


def _optional(path: Path) -> Any:
    return read_json(path) if path.exists() else None
