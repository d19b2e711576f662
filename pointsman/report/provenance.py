"""Where the numbers come from, and what they do not show."""

from pointsman.report.comparison import unit_name
from pointsman.report.content import Block, Bullets, Column, Section, Table, Text
from pointsman.report.inputs import Inputs
from pointsman.report.numbers import cost, count, percent, plain
from pointsman.report.text import NAME_CHARACTERS, cut
from pointsman.tables.schemas import ROLES, SPLITS

_UNITS = {
    "USD": "Costs are US dollars, as the providers bill them or by the prices in conf/provider.",
    "relative": (
        "Costs are relative units, not money, since local models send no bill: "
        "billions of the model's parameters × tokens read and written."
    ),
    "strong calls": "No cost was known, so that a strong answer counts 1 and a weak one 0: cost is the strong share.",
}
_WHAT_TO_ROUTE = ("both_right", "strong_only", "weak_only", "neither")


def describe_data(inputs: Inputs) -> Section:
    """Pair, counts, sources, how answers were rated, recordings, seed and settings."""
    facts = Bullets(
        (
            *_pair(inputs),
            *_counts(inputs),
            *_ratings(inputs),
            _UNITS.get(inputs.unit, f"Costs are in {inputs.unit}."),
            *_recordings(inputs),
            f"Seed {inputs.settings.seed}; "
            f"SHA-256 of the settings of pair, rating, routers and evaluation: {inputs.settings.digest}.",
        )
    )
    return Section("data", "Data and provenance", (facts, _outcomes(inputs)))


def _pair(inputs: Inputs) -> list[str]:
    pair = inputs.settings.pair
    lines = [f"Pair: {pair.name}."]
    for role in ROLES:
        candidate, rows = getattr(pair, role), inputs.responses[role]
        if rows.empty:
            lines.append(f"The {role} model: {candidate.model}; no answers lie here, its scores were brought along.")
            continue
        shortened = int((rows["finish_reason"] == "length").sum())
        failed = int(rows["error"].notna().sum())
        lines.append(
            f"The {role} model: {candidate.model} ({candidate.provider}); {count(len(rows), 'answer', 'answers')}, "
            f"{failed} failed, {shortened} cut at the longest length allowed."
        )
    return lines


def _counts(inputs: Inputs) -> list[str]:
    table, missing = inputs.dataset, inputs.summary.get("missing") or {}
    sources = inputs.queries["source"].value_counts().sort_index()
    by_split = ", ".join(f"{split} {(table['split'] == split).sum():,}" for split in SPLITS)
    lines = [
        f"{count(len(table), 'query', 'queries')} of {table['family'].nunique()} families: {by_split}.",
        "Sources: " + ", ".join(f"{name} {number:,}" for name, number in sources.items()) + ".",
    ]
    near = (inputs.summary.get("near_train") or {}).get("by_split") or {}
    if found := {split: one for split, one in near.items() if one["n"]}:
        shares = ", ".join(f"{split} {percent(one['share'])}" for split, one in found.items())
        done = "were left out" if inputs.summary["near_train"]["dropped"] else "are among them"
        lines.append(
            f"Nearly the same as a train query (cosine {inputs.summary['near_train']['cosine']} or above) "
            f"{done}: {shares}."
        )
    if missing.get("queries"):
        reasons = "; ".join(f"{reason} ({number:,})" for reason, number in missing.get("reasons", {}).items())
        lines.append(f"{count(missing['queries'], 'query', 'queries')} left out for want of a score: {reasons}.")
    return lines


def _ratings(inputs: Inputs) -> list[str]:
    rated = inputs.ratings[inputs.ratings["error"].isna()]
    meanings = {"reference": "checked against a reference", "judge": "rated by a model", "given": "brought along"}
    methods = rated["method"].value_counts().sort_index()
    lines = ["Scores: " + ", ".join(f"{number:,} {meanings[str(name)]}" for name, number in methods.items()) + "."]
    judges = sorted({str(name) for name in rated["judge_model"].dropna()})
    return [*lines, f"Judge: {', '.join(judges)}."] if judges else lines


def _recordings(inputs: Inputs) -> list[str]:
    models = (inputs.recordings or {}).get("models") or {}
    if all(inputs.responses[role].empty for role in ROLES):
        return []
    if not models:
        return ["Recorded answers: none."]
    listed = ", ".join(f"{name} ({entry.get('answers', 0):,})" for name, entry in sorted(models.items()))
    return [f"Recorded answers, committed in data/recordings: {listed}."]


def _outcomes(inputs: Inputs) -> Table:
    columns = (
        Column("category", numeric=False),
        Column("n", "queries of all splits"),
        Column("weak", "mean score of the weak model"),
        Column("strong", "mean score of the strong model"),
        Column("both right", "the weak model is enough"),
        Column("strong only", "what routing is for"),
        Column("weak only"),
        Column("neither", "the strong model would be wasted"),
        Column("weak cost", f"mean of an answer, {unit_name(inputs.unit)}"),
        Column("strong cost"),
    )
    groups = {**(inputs.summary.get("by_category") or {}), "all": inputs.summary["overall"]}
    rows = tuple(
        (
            cut(name, NAME_CHARACTERS),
            f"{row['n']:,}",
            plain(row["weak_score"], 2),
            plain(row["strong_score"], 2),
            *(percent(row[share]) for share in _WHAT_TO_ROUTE),
            cost(row["weak_cost"], inputs.unit),
            cost(row["strong_cost"], inputs.unit),
        )
        for name, row in groups.items()
    )
    return Table("What there is to route", columns, rows, marked=frozenset({len(rows) - 1}))


def _routes_flatter(inputs: Inputs) -> list[str]:
    if "semantic" not in inputs.measures("test_unseen"):
        return []
    return [
        "The semantic router's example queries are written by hand; some may resemble families that are unseen to the "
        "others, which flatters it there."
    ]


def state_limits(inputs: Inputs) -> Section:
    """What limits the conclusions: found in the data first, then what is so by design."""
    warnings = tuple(str(warning) for warning in inputs.winner.get("warnings") or ())
    judged = (inputs.ratings["method"] == "judge").any()
    blocks: list[Block] = []
    if warnings:
        blocks += [Text("Found in these data:"), Bullets(warnings), Text("So by design:")]
    always = (
        "It holds for this pair of models, these settings and queries like these; for others, run it again.",
        "Intervals cover the choice of test queries, not another seed of training or another answer of the models.",
        "Test queries from the same families as the training queries flatter a router; "
        + (
            "the unseen families tell how much."
            if inputs.measures("test_unseen")
            else "without unseen families, nothing tells how much."
        ),
        "A model rated the answers, and errs: “The judge” says how often and to which side, where that is known."
        if judged
        else "An answer counts as good where it passes its check: style, tone and harm are not measured."
        if (inputs.ratings["method"] == "reference").any()
        else "The scores were brought along: what they measure, and how well, is not checked here.",
        *_routes_flatter(inputs),
        "Time is not part of cost, and every answer is judged alone, not what a conversation makes of it.",
        "Text written to mislead a router can change its route: it is no safeguard.",
    )
    return Section("limits", "What this does not show", (*blocks, Bullets(always)))
