"""The winner by category, each with its count and its uncertainty."""

import pandas as pd

from pointsman.evaluation.groups import tabulate_groups
from pointsman.report.content import Block, Column, Section, Table, Text
from pointsman.report.inputs import Inputs
from pointsman.report.numbers import DASH, percent, percent_with_ci, plain, with_ci
from pointsman.report.text import NAME_CHARACTERS, cut

_CAPTIONS = {"test": "Test queries", "test_unseen": "Test queries of families that appear nowhere in training"}
_SMALL = "†"


def tabulate_categories(inputs: Inputs) -> Section:
    """The winner at its threshold in every category."""
    title = "By category"
    if inputs.chosen is None:
        return Section("categories", title, (Text("There is no router to be shown by category."),))
    tables: list[Block] = []
    for split, caption in _CAPTIONS.items():
        rows = inputs.rows(split)
        if len(rows):
            table = _table(inputs, split, f"{caption} (n = {len(rows):,})", rows)
            tables.append(table.without_meanings() if tables else table)
    intro = Text(
        f"The {inputs.chosen} router at its threshold. Brackets: {percent(inputs.settings.confidence)} intervals."
    )
    return Section("categories", title, (intro, *tables))


def _table(inputs: Inputs, split: str, caption: str, rows: pd.DataFrame) -> Table:
    taken, settings = inputs.split(split), inputs.settings
    if taken is None or inputs.chosen is None:
        raise ValueError(f"split {split!r} has no rows or there is no winner")
    scores = taken.scores[inputs.chosen]
    groups = tabulate_groups(
        list(rows["category"]),
        scores.score,
        taken.outcomes,
        float(inputs.winner["threshold"]),
        router_cost=scores.router_cost,
        resamples=settings.resamples,
        confidence=settings.confidence,
        seed=settings.seed,
    )
    cells = tuple(
        (
            cut(group["group"], NAME_CHARACTERS),
            f"{group['n']:,}{_SMALL if group['too_small'] else ''}",
            plain(group["weak_score"], 2),
            plain(group["strong_score"], 2),
            with_ci(group["gap"], group["gap_ci"], 2),
            with_ci(group["apgr"], group["apgr_ci"], 2),
            percent(group["strong_share"]),
            percent_with_ci(group["quality_kept"], group["quality_kept_ci"]),
            DASH if group["queries_needed"] is None else f"{group['queries_needed']:,}",
        )
        for group in groups
    )
    return Table(caption, _COLUMNS, cells, notes=_notes(cells, settings.confidence))


_COLUMNS = (
    Column("category", numeric=False),
    Column("n", "queries"),
    Column("weak", "mean score of the weak model, from 0 to 1"),
    Column("strong", "mean score of the strong model"),
    Column("gap", "strong less weak"),
    Column("APGR", "part of the gap won back, averaged over all shares of strong calls; random gets 0.5"),
    Column("strong share", "share of the queries that go to the strong model"),
    Column("quality kept", "share of the strong model's mean score; above 100% where weak answers are better"),
    Column("queries needed", "for an APGR interval of about ±0.03"),
)


def _notes(cells: tuple[tuple[str, ...], ...], confidence: float) -> tuple[str, ...]:
    notes = []
    if any(row[1].endswith(_SMALL) for row in cells):
        notes.append(f"{_SMALL} Too few queries to say anything about the router in this category.")
    if any(cell.startswith(DASH) for row in cells for cell in row[1:]):
        notes.append(f"{DASH}: undefined, because the strong model is not better than the weak one, or scores nothing.")
    if any("(" not in row[5] and not row[5].startswith(DASH) for row in cells):
        notes.append(f"No brackets: more than {percent(1 - confidence)} of the resamples have no gap to win back.")
    return tuple(notes)
