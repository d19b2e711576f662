"""How far scores can be read as probabilities."""

import numpy as np

from pointsman.evaluation.calibration_metrics import brier, ece, reliability
from pointsman.evaluation.outcomes import Bools
from pointsman.report.comparison import CONTROLS
from pointsman.report.content import Column, Section, Table, Text
from pointsman.report.figures import Line, draw_calibration
from pointsman.report.inputs import Inputs
from pointsman.report.numbers import percent, plain


def show_calibration(inputs: Inputs) -> Section:
    """Predicted against observed on test: a figure of all calibrated routers, and the winner's bins as a table."""
    title, taken = "Calibration", inputs.split("test")
    if taken is None or inputs.chosen is None:
        return Section("calibration", title, (Text("There is no router, or no test query, to show it of."),))
    events = taken.outcomes.needs_strong
    measures = inputs.measures("test")
    shown = [name for name in measures if measures[name].get("ece") is not None and name not in CONTROLS]
    lines = []
    for name in sorted(shown):
        bins = reliability(taken.scores[name].score, events)
        lines.append(Line(name, bins.predicted, bins.observed))
    bins = reliability(taken.scores[inputs.chosen].score, events)
    rows = tuple(
        (percent(predicted), percent(observed), f"{int(queries):,}")
        for predicted, observed, queries in zip(*bins, strict=True)
    )
    columns = (
        Column("predicted", "mean score: the probability that the strong model is better"),
        Column("observed", "share of the queries for which it was"),
        Column("n", "queries"),
    )
    chosen = measures.get(inputs.chosen, {})
    intro = Text(
        "A score is meant as the probability that the strong model gives the better answer. On test it was better for "
        f"{percent(float(events.mean()))} of the queries. ECE of the {inputs.chosen} router: "
        f"{plain(chosen.get('ece'))}, Brier score: {plain(chosen.get('brier'))}."
    )
    table = Table(f"The {inputs.chosen} router, test queries by rising score", columns, rows)
    before = _before_and_after(sorted(shown), events, inputs)
    return Section("calibration", title, (intro, draw_calibration(lines, inputs.chosen), table, before))


def _before_and_after(names: list[str], events: Bools, inputs: Inputs) -> Table:
    """What calibration on validation changed; raw scores that are no share of gain are left out."""
    ids = inputs.rows("test")["id"]
    rows = []
    for name in names:
        scored = inputs.scores[name].set_index("id").loc[ids]
        raw, score = np.clip(scored["raw"].to_numpy(), 0.0, 1.0), scored["score"].to_numpy()
        if name != "length":
            measured = (ece(raw, events), ece(score, events), brier(raw, events), brier(score, events))
            rows.append((name, *map(plain, measured)))
    columns = (
        Column("router", ""),
        Column("ECE before", "of the raw score, the predicted gain, cut to 0 to 1"),
        Column("ECE after", "of the score"),
        Column("Brier before", "of the raw score"),
        Column("Brier after", "of the score"),
    )
    return Table("Before and after calibration, test queries", columns, tuple(rows))
