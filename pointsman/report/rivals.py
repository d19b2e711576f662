"""Routers against each other, and against query length."""

from pointsman.evaluation.intervals import resample_weights
from pointsman.evaluation.judge import Split
from pointsman.evaluation.length import QUARTILES, measure_length
from pointsman.evaluation.summary import compare_apgr
from pointsman.report.comparison import CONTROLS
from pointsman.report.content import Column, Section, Table, Text
from pointsman.report.inputs import Inputs
from pointsman.report.numbers import DASH, percent, plain, signed

_ORDINALS = ("shortest", "second", "third", "longest")


def compare_pairs(inputs: Inputs) -> Section | None:
    """The paired difference of APGR of every two routers on test, and each one's reliance on length."""
    taken = inputs.split("test")
    if taken is None or taken.outcomes.n < QUARTILES:
        return None
    names = sorted(
        (name for name in taken.scores if name not in CONTROLS),
        key=lambda name: -(inputs.measures("test").get(name, {}).get("apgr") or 0.0),
    )
    return Section("pairs", "Router against router", (_pairs(names, taken, inputs), *_length(names, taken, inputs)))


def _pairs(names: list[str], taken: Split, inputs: Inputs) -> Table:
    settings = inputs.settings
    weights = resample_weights(taken.outcomes.n, settings.resamples, settings.seed)

    def cell(name: str, other: str) -> str:
        if name == other:
            return DASH
        scores = (taken.scores[name].score, taken.scores[other].score)
        found = compare_apgr(*scores, taken.outcomes, weights, settings.confidence)
        sure = found["ci"] is not None and (found["ci"][0] > 0 or found["ci"][1] < 0)
        return f"{signed(found['apgr_diff'])}{'*' if sure else ''}"

    rows = tuple((name, *(cell(name, other) for other in names)) for name in names)
    columns = (Column("router", numeric=False), *(Column(f"− {name}") for name in names))
    note = f"*: the {percent(settings.confidence)} interval of the paired bootstrap leaves out zero."
    return Table("Difference of APGR, row less column, on the test queries", columns, rows, notes=(note,))


def _length(names: list[str], taken: Split, inputs: Inputs) -> tuple[Text, Table]:
    lengths = inputs.rows("test")["text"].str.len().to_numpy()
    rows = []
    for name in names:
        found = measure_length(taken.scores[name].score, lengths, taken.outcomes)
        rows.append((name, plain(found.spearman, 2), *(plain(value) for value in found.apgr)))
    columns = (
        Column("router", numeric=False),
        Column(
            "correlation with length",
            "Spearman's, of the score and the number of characters; length itself: 1, or −1 where, in train, shorter "
            "queries needed the strong model",
        ),
        *(Column(f"APGR, {ordinal} quarter") for ordinal in _ORDINALS),
    )
    text = Text("A router that knows more than length picks well among queries of the same length.")
    return text, Table("Reliance on query length", columns, tuple(rows))
