"""What the dataset holds: counts, gaps, ties and class balance, overall and by category, family and split."""

from typing import Any

import pandas as pd

from pointsman.dataset.build import Built

RIGHT = 0.99  # a score from which an answer counts as right in the tables


def summarise(built: Built, queries: pd.DataFrame) -> dict[str, Any]:
    """The content of data/dataset.json."""
    table = built.table
    return {
        "queries": len(queries),
        "rows": len(table),
        "cost_unit": built.cost_unit,
        "overall": describe(table),
        "by_category": _by(table, "category"),
        "by_split": _by(table, "split"),
        "by_family": _by(table, "family"),
        "missing": {
            "queries": int(built.missing["id"].nunique()),
            "by_role": built.missing["role"].value_counts().sort_index().to_dict(),
            "reasons": built.missing["reason"].value_counts().head(10).to_dict(),
        },
    }


def describe(table: pd.DataFrame) -> dict[str, Any]:
    """Counts and means of some rows; shares are of these rows."""
    weak, strong = table["weak_score"] >= RIGHT, table["strong_score"] >= RIGHT
    return {
        "n": len(table),
        "weak_score": _round(table["weak_score"].mean()),
        "strong_score": _round(table["strong_score"].mean()),
        "gap": _round(table["gain"].mean()),
        "both_right": _round((weak & strong).mean()),
        "strong_only": _round((strong & ~weak).mean()),
        "weak_only": _round((weak & ~strong).mean()),
        "neither": _round((~weak & ~strong).mean()),
        "gain_positive": _round((table["gain"] > 0).mean()),
        "ties": _round((table["gain"] == 0).mean()),
        "weak_cost": _round(table["weak_cost"].mean()),
        "strong_cost": _round(table["strong_cost"].mean()),
    }


def text_table(summary: dict[str, Any]) -> str:
    """The table by category that the stage prints and the README quotes, as Markdown."""
    names = {"both_right": "both right", "strong_only": "strong only", "weak_only": "weak only", "neither": "neither"}
    lines = [
        f"| category | n | weak | strong | gap | {' | '.join(names.values())} |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in {**summary["by_category"], "all": summary["overall"]}.items():
        means = " | ".join(f"{row[key]:.2f}" for key in ("weak_score", "strong_score", "gap"))
        shares = " | ".join(f"{row[key]:.0%}" for key in names)
        lines.append(f"| {name} | {row['n']} | {means} | {shares} |")
    return "\n".join(lines)


def _by(table: pd.DataFrame, column: str) -> dict[str, Any]:
    return {str(name): describe(rows) for name, rows in table.groupby(column, sort=True)}


def _round(value: float) -> float:
    return round(float(value), 4)
