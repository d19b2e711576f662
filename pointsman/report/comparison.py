"""All routers side by side, how one was chosen, and the controls."""

from collections.abc import Mapping, Sequence
from typing import Any

from pointsman.evaluation.curves import ALWAYS_STRONG, ALWAYS_WEAK
from pointsman.evaluation.judge import FIXED
from pointsman.report.content import Block, Bullets, Column, Section, Table, Text
from pointsman.report.inputs import Inputs
from pointsman.report.numbers import DASH, cost, percent, plain, with_ci

ABOUT = {
    "semantic": "compares the query with example queries of each topic",
    "llm": "asks a language model how hard the query is",
    "bert": "a small encoder, fine-tuned on the train queries",
    "stack": "a linear model, a forest and the nearest train queries vote, by the query's words and its surface",
    "knn": "what the nearest train queries gained",
    "length": "the longer the query, the harder",
    "random": "chance",
    "always_weak": "every query to the weak model",
    "always_strong": "every query to the strong model",
    "oracle": "knows both scores beforehand: nobody can do better",
    "shuffled": "kNN trained on shuffled outcomes",
}
CONTROLS = ("random", "shuffled", "always_weak", "always_strong", "oracle")
_UNDEFINED = f"{DASH}: undefined, see “What this does not show”, or not a probability."


def compare_routers(inputs: Inputs) -> Section:
    """Every router's measures on test and test_unseen."""
    if not inputs.measures("test"):
        return Section("routers", "All routers", (Text("There are no test queries, so that nothing was measured."),))
    names = [name for name in ABOUT if name in inputs.measures("test")]
    about = Bullets(tuple(f"{name}: {ABOUT[name]}" for name in names))
    blocks: list[Block] = [about, _measures(inputs, "test", "Test queries: families of queries known from training")]
    if inputs.measures("test_unseen"):
        unseen = _measures(inputs, "test_unseen", "Test queries of families that appear nowhere in training")
        blocks.append(unseen.without_meanings())
    else:
        blocks.append(Text("No family of queries was kept out of training whole, so nothing is said about new kinds."))
    return Section("routers", "All routers", tuple(blocks))


def _measures(inputs: Inputs, split: str, caption: str) -> Table:
    measures = inputs.measures(split)
    names = sorted(measures, key=lambda name: _rank(name, measures[name]))
    rows = tuple((name, *_cells(inputs.measures(split)[name], inputs.unit)) for name in names)
    columns = (
        Column("router", numeric=False),
        Column("APGR", "part of the quality gap won back, averaged over all shares of strong calls; random gets 0.5"),
        Column("CPT 50%", "least share of strong calls that wins back half of the gap; lower is better"),
        Column("CPT 80%", "the same for 80% of the gap"),
        Column("CPT 95%", "the same for 95% of the gap"),
        Column("AIQ", "mean quality over all costs between the two models, at the router's best thresholds"),
        Column("AUROC", "chance that a query that needs strong has a higher score than one that does not"),
        Column("Brier", "mean squared error of the score as a probability; lower is better"),
        Column("ECE", "mean distance between the predicted and the observed share; lower is better"),
        Column(
            "cost per query", f"at the router's own threshold, the router's cost included; {unit_name(inputs.unit)}"
        ),
    )
    shown = f"{caption} (n = {inputs.metrics[split]['n']:,}; brackets: {percent(inputs.settings.confidence)} intervals)"
    notes = (_UNDEFINED,) if any(DASH in row[1:] for row in rows) else ()
    marked = frozenset(number for number, name in enumerate(names) if name == inputs.chosen)
    return Table(shown, columns, rows, marked, notes)


def _rank(name: str, measures: Mapping[str, Any]) -> tuple[bool, float, str]:
    value = measures.get("apgr")
    return name in CONTROLS, -value if value is not None else 0.0, name


def _cells(measures: Mapping[str, Any], unit: str) -> tuple[str, ...]:
    return (
        with_ci(measures.get("apgr"), measures.get("apgr_ci")),
        *(percent(measures.get(name)) for name in ("cpt50", "cpt80", "cpt95")),
        *(plain(measures.get(name)) for name in ("aiq", "auroc", "brier", "ece")),
        cost(measures.get("cost_per_query"), unit),
    )


def unit_name(unit: str) -> str:
    """The unit of costs in words."""
    return {"USD": "US dollars", "relative": "relative units"}.get(unit, unit)


def explain_choice(inputs: Inputs) -> Section:
    """What every candidate did on validation, and why one was taken."""
    rule = Text(
        "On the validation queries each router gets the threshold that keeps "
        f"{percent(inputs.settings.quality)} of the strong model's quality at the least cost; the cheapest router that "
        "can be served wins; costs within one standard error of the least are equal, and APGR decides. The test "
        "queries have no part in it."
    )
    candidates = [row for row in inputs.winner.get("candidates") or [] if row["router"] not in FIXED]
    if not candidates:
        return Section("choice", "How the router was chosen", (rule, Text("There was no candidate.")))
    columns = (
        Column("router", numeric=False),
        Column("threshold", "a query with a higher score goes to the strong model"),
        Column("strong share", "share of the queries that go to the strong model"),
        Column("quality kept", "share of the strong model's mean score"),
        Column("cost per query", unit_name(inputs.unit)),
        Column("APGR", "as above, on validation"),
        Column("why", numeric=False),
    )
    rows = tuple(
        (
            candidate["router"],
            _threshold(candidate.get("threshold")),
            percent(candidate.get("strong_share")),
            percent(candidate.get("quality_kept")),
            cost(candidate.get("cost_per_query"), inputs.unit),
            plain(candidate.get("apgr")),
            candidate.get("reason") or "",
        )
        for candidate in candidates
    )
    marked = frozenset(number for number, row in enumerate(rows) if row[0] == inputs.chosen)
    blocks: list[Block] = [rule, Table("Validation queries", columns, rows, marked), *_achieved(candidates, inputs)]
    return Section("choice", "How the router was chosen", tuple(blocks))


def _achieved(candidates: Sequence[Mapping[str, Any]], inputs: Inputs) -> list[Block]:
    """What the winner's threshold was to do, and what it did on queries that did not choose it."""
    chosen = next((row for row in candidates if row["router"] == inputs.chosen), None)
    if chosen is None or not inputs.verdict:
        return []
    columns = (
        Column("queries", numeric=False),
        Column("strong share"),
        Column("quality kept"),
        Column("cost per query"),
    )
    measured = inputs.measures("test").get(str(inputs.chosen), {})
    rows = (
        ("asked for", DASH, f"≥ {percent(inputs.settings.quality)}", "least"),
        ("validation", *_dealt(chosen, chosen.get("cost_per_query"), inputs)),
        ("test", *_dealt(inputs.verdict, measured.get("cost_per_query"), inputs)),
    )
    return [Table(f"The {inputs.chosen} router: asked and achieved", columns, rows)]


def _dealt(found: Mapping[str, Any], per_query: float | None, inputs: Inputs) -> tuple[str, str, str]:
    return percent(found.get("strong_share")), percent(found.get("quality_kept")), cost(per_query, inputs.unit)


def _threshold(value: float | None) -> str:
    if value is None or ALWAYS_STRONG < value < ALWAYS_WEAK:
        return plain(value)
    return "all strong" if value <= ALWAYS_STRONG else "all weak"


def check_controls(inputs: Inputs) -> Section:
    """Routers whose result is known beforehand: as expected, or not."""
    measures = inputs.measures("test")
    rows = tuple(
        (
            name,
            ABOUT[name],
            with_ci(measures[name]["apgr"], measures[name]["apgr_ci"]),
            *_expected(name, measures[name]),
        )
        for name in CONTROLS
        if name in measures
    )
    columns = (
        Column("control", numeric=False),
        Column("what it does", numeric=False),
        Column("APGR"),
        Column("expected", numeric=False),
        Column("found", numeric=False),
    )
    intro = Text(
        "If one of these surprises, the pipeline is wrong, not the router. An interval misses its true value "
        f"in about {percent(1 - inputs.settings.confidence)} of cases by chance alone."
    )
    if not rows:
        return Section("controls", "Controls", (Text("No control was scored."),))
    return Section("controls", "Controls", (intro, Table("Routers whose result is known beforehand", columns, rows)))


def _expected(name: str, measures: Mapping[str, Any]) -> tuple[str, str]:
    value, ci = measures["apgr"], measures["apgr_ci"]
    if value is None:
        return DASH, "undefined: the strong model is not better than the weak one"
    if name == "oracle":
        return "an upper bound", "what hindsight would reach"
    if name.startswith("always"):
        return "0.5 exactly", "as expected" if abs(value - 0.5) < 1e-6 else "not as expected"
    if ci is None:
        return "0.5 in the interval", "interval undefined"
    return "0.5 in the interval", "as expected" if ci[0] <= 0.5 <= ci[1] else "not as expected"
