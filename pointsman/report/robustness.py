"""How far the winner's decisions depend on wording."""

from collections.abc import Mapping
from typing import Any

from pointsman.report.content import Column, Section, Table, Text
from pointsman.report.inputs import Inputs
from pointsman.report.numbers import count, percent, percent_with_ci, plain, with_ci


def show_robustness(inputs: Inputs) -> Section | None:
    """Flip rate and APGR under each change of wording; None where it was not measured."""
    found = inputs.robustness
    if found is None:
        return None
    columns = (
        Column("change", numeric=False),
        Column("routes changed", "share of queries that go to the other model"),
        Column("sent to strong"),
        Column("score moved", "mean absolute change"),
        Column("APGR", "on the reworded queries; the answers are those to the original ones"),
    )
    rows = [("none", found["unchanged"]), *sorted(found["changes"].items(), key=lambda item: -item[1]["flipped"])]
    intro = Text(
        f"The {inputs.chosen} router on {count(found['n'], 'test query', 'test queries')}, each reworded so that it "
        "asks for the same, or nearly so. A router that reads meaning changes few routes; the changes that claim a "
        "query to be easy or hard show what a user gains by pleading."
    )
    return Section("robustness", "Other wordings", (intro, Table("Changes", columns, tuple(map(_cells, rows)))))


def _cells(row: tuple[str, Mapping[str, Any]]) -> tuple[str, ...]:
    name, entry = row
    return (
        name,
        percent_with_ci(entry["flipped"], entry["flipped_ci"]),
        percent(entry["strong_share"]),
        plain(entry["score_shift"]),
        with_ci(entry["apgr"], entry["apgr_ci"]),
    )
