"""One router's plots for `dvc plots`: cost and quality, calibration, and what was routed where."""

from pathlib import Path

import pandas as pd

from pointsman.evaluation.calibration_metrics import reliability
from pointsman.evaluation.curves import trace_curve
from pointsman.evaluation.judge import read_outcomes
from pointsman.tables.io import atomic

_SPLIT = "test"
_HALF = 0.5


def write_plots(folder: Path, rows: pd.DataFrame, scores: pd.DataFrame) -> None:
    """Write curve.csv, calibration.csv and confusion.csv of the test split; without test rows, their headers only.

    Args:
        folder: the router's folder under reports/routers.
        rows: rows of the dataset.
        scores: the SCORES table of the same rows, in the same order.
    """
    chosen = (rows["split"] == _SPLIT).to_numpy()
    for name, table in _tables(rows[chosen], scores[chosen]).items():
        with atomic(folder / f"{name}.csv") as file:
            table.to_csv(file, index=False, float_format="%.6g", lineterminator="\n")


def _tables(rows: pd.DataFrame, scores: pd.DataFrame) -> dict[str, pd.DataFrame]:
    if rows.empty:
        return {
            "curve": pd.DataFrame(columns=["threshold", "strong_share", "quality", "cost"]),
            "calibration": pd.DataFrame(columns=["predicted", "observed", "queries"]),
            "confusion": pd.DataFrame(columns=["actual", "predicted"]),
        }
    outcomes = read_outcomes(rows)
    values = scores["score"].to_numpy()
    needs_strong = pd.Series(outcomes.needs_strong)
    return {
        "curve": pd.DataFrame(trace_curve(values, outcomes, scores["router_cost"].to_numpy())._asdict()),
        "calibration": pd.DataFrame(reliability(values, outcomes.needs_strong)._asdict()),
        "confusion": pd.DataFrame(
            {"actual": needs_strong.map(_name), "predicted": pd.Series(values > _HALF).map(_name)}
        ),
    }


def _name(needs_strong: bool) -> str:
    return "strong better" if needs_strong else "weak as good"
