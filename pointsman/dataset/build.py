"""Join queries, responses and ratings into one row a query."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from pointsman.routers.base import router_text
from pointsman.tables.io import TableError
from pointsman.tables.schemas import DATASET, ROLES, check


class Built(NamedTuple):
    """The dataset, the unit of its costs, and why rows are missing from it."""

    table: pd.DataFrame
    cost_unit: str
    missing: pd.DataFrame  # id, category, family, role, reason


def build(queries: pd.DataFrame, responses: Mapping[str, pd.DataFrame], ratings: pd.DataFrame, unit: str) -> Built:
    """One row a query that has a score for both roles; the others are listed with the reason.

    Costs are the responses', or given ones. Where no row has a cost for either role, a strong answer counts 1 and
    a weak one 0, and the unit is "strong calls". `unit` is what the responses' costs are in.

    Raises:
        TableError: no query has both scores, or only some rows have costs.
    """
    joined = queries.assign(
        text=[router_text(p, m) for p, m in zip(queries["prompt"], queries["messages"], strict=True)]
    )
    for role in ROLES:
        rated = ratings[ratings["role"] == role].set_index("id")
        joined[f"{role}_score"] = joined["id"].map(rated["score"]).astype(float)
        joined[f"{role}_reason"] = joined["id"].map(rated["error"]).where(joined[f"{role}_score"].isna())
        joined[f"{role}_cost"] = _costs(joined, responses[role], role)
    scored = joined["weak_score"].notna() & joined["strong_score"].notna()
    if not scored.any():
        raise TableError(f"none of {len(queries)} queries has a score for both roles; {_first_reason(joined)}")
    missing = _missing(joined[~scored])
    kept, unit = _with_costs(joined[scored].copy(), unit)
    kept["gain"] = kept["strong_score"] - kept["weak_score"]
    return Built(check(kept[list(DATASET.columns)].reset_index(drop=True), DATASET, "dataset"), unit, missing)


def _costs(queries: pd.DataFrame, responses: pd.DataFrame, role: str) -> pd.Series:
    given = pd.Series([_given(metadata, f"{role}_cost") for metadata in queries["metadata"]], index=queries.index)
    asked = queries["id"].map(responses.set_index("id")["cost"])
    return given.astype(float).fillna(asked.astype(float))


def _given(metadata: Any, name: str) -> float | None:
    return (metadata or {}).get("given", {}).get(name) if isinstance(metadata, dict) else None


def _with_costs(table: pd.DataFrame, unit: str) -> tuple[pd.DataFrame, str]:
    columns = [f"{role}_cost" for role in ROLES]
    known = table[columns].notna()
    if not known.any(axis=None):
        return table.assign(weak_cost=0.0, strong_cost=1.0), "strong calls"
    if not known.all(axis=None):
        first = table.loc[~known.all(axis=1), "id"].iloc[0]
        raise TableError(
            f"query {first!r} has no cost for a role, but others have: bring weak_cost and strong_cost for every "
            "row or for none, or name the model's price under provider.*.prices"
        )
    return table, unit


def _missing(rows: pd.DataFrame) -> pd.DataFrame:
    parts = [
        rows.loc[rows[f"{role}_score"].isna(), ["id", "category", "family"]].assign(
            role=role, reason=rows[f"{role}_reason"].fillna("not rated")
        )
        for role in ROLES
    ]
    return pd.concat(parts, ignore_index=True)


def _first_reason(joined: pd.DataFrame) -> str:
    missing = _missing(joined)
    return f"the first reason: {missing['reason'].iloc[0]}" if len(missing) else ""
