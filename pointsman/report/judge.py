"""How far the judge can be trusted; nothing where no judge was asked."""

from pointsman.config.families import families_of
from pointsman.evaluation.intervals import Resampling
from pointsman.evaluation.judging import POOR_KAPPA, Agreement, JudgeMeasures, Share, measure_judge
from pointsman.evaluation.leans import FEWEST_PAIRS, Lean
from pointsman.report.content import Block, Bullets, Column, Section, Table, Text
from pointsman.report.inputs import Inputs
from pointsman.report.numbers import DASH, count, percent, percent_with_ci, plain, signed, with_ci
from pointsman.tables.schemas import ROLES

_PAPER = "How to Correctly Report LLM-as-a-Judge Evaluations, arXiv 2511.21140"
_SIDES = {
    "first": ("the answer shown first", "each pair is shown in both orders, and where the two verdicts differ it ties"),
    "longer": ("the longer answer", "length is no merit"),
    "own": ("its own family's answer", "name a judge of a third family"),
}
_PAIR_NAMES = {"weak": "weak is better", "tie": "as good", "strong": "strong is better"}


def measure(inputs: Inputs) -> JudgeMeasures | None:
    """All that is measured of the judge; None where none was asked, or none answered."""
    if inputs.judgements["error"].isna().sum() == 0:
        return None
    settings = inputs.settings
    judge = str(inputs.judgements["judge_model"].iloc[0])
    named = settings.judge.families
    own = [role for role in ROLES if families_of(judge, named) & families_of(getattr(settings.pair, role).model, named)]
    chars = {
        role: {
            name: len(response)
            for name, response in zip(table["id"], table["response"], strict=True)
            if isinstance(response, str)
        }
        for role, table in inputs.responses.items()
    }
    how = Resampling(settings.resamples, settings.confidence, settings.seed)
    return measure_judge(inputs.judgements, chars, own, how)


def warn_of_judge(measures: JudgeMeasures | None) -> str | None:
    """The warning where the judge agrees poorly with the checks."""
    if measures is None or measures.agreement is None or not measures.agreement.is_poor:
        return None
    return (
        "The judge agrees poorly with the checks: kappa is "
        f"{plain(measures.agreement.kappa.value, 2)}, and below {POOR_KAPPA:g} its scores are not to be relied on."
    )


def show_judge(inputs: Inputs) -> Section | None:
    """Agreement with checks, corrected shares, leans, self-agreement; None where there was no judge."""
    measures = measure(inputs)
    if measures is None:
        return None
    warning = warn_of_judge(measures)
    blocks: list[Block] = [*([Text(warning)] if warning else []), Bullets(tuple(_facts(inputs, measures)))]
    if measures.agreement is None:
        blocks.append(
            Text(
                "No answer was both checked and judged, so nothing tells how often the judge is wrong: give "
                "queries a reference, and set rating.judge.validate_on."
            )
        )
    else:
        blocks.append(_confusion(measures.agreement))
    if measures.shares:
        blocks.append(_corrected(measures.shares, inputs.settings.confidence))
    if measures.leans:
        blocks.append(_leans(measures.leans, inputs.settings.confidence))
    return Section("judge", "The judge", tuple(blocks))


def _facts(inputs: Inputs, measures: JudgeMeasures) -> list[str]:
    rows = inputs.judgements
    first = rows[rows["repeat"] == 0]
    decides = int((inputs.ratings["method"] == "judge").sum())
    failed, repaired = int(rows["error"].notna().sum()), int((rows["repaired"] & rows["error"].isna()).sum())
    compares = first["preferred"].notna().any()
    lines = [
        f"{rows['judge_model'].iloc[0]} "
        + ("compared the two answers to a query, in both orders" if compares else "rated answers from 1 to 5")
        + f", without being told who wrote them; {decides:,} of {len(inputs.ratings):,} scores rest on it.",
        f"{count(len(rows), 'verdict', 'verdicts')} asked for, {failed} failed, {repaired} "
        "readable only after a repair.",
    ]
    if compares:
        lines.append("A score is relative here: 1 for the better answer, 0 for the other, 0.5 for both in a tie.")
    if measures.agreement is not None:
        kappa = measures.agreement.kappa
        lines.append(f"Agreement with the checks, as kappa (1 is full agreement, 0 is chance): {with_ci(*kappa, 2)}.")
    if measures.same is not None:
        lines.append(
            f"Asked again, it gave the same verdict in {percent(measures.same)} of "
            f"{count(measures.repeats, 'case', 'cases')}."
        )
    return lines


def _confusion(agreement: Agreement) -> Table:
    is_rating = agreement.labels[0] not in _PAIR_NAMES
    names = [f"rated {label}" if is_rating else _PAIR_NAMES[label] for label in agreement.labels]
    checks = [f"checks: {label} of 5" if is_rating else f"checks: {_PAIR_NAMES[label]}" for label in agreement.labels]
    columns = (Column("by the checks", numeric=False), *(Column(name) for name in names))
    rows = tuple(
        (check, *(f"{int(cell):,}" for cell in cells))
        for check, cells in zip(checks, agreement.confusion, strict=True)
        if cells.sum()
    )
    n = count(int(agreement.confusion.sum()), "verdict", "verdicts")
    return Table(f"What the judge says of what the checks say (n = {n})", columns, rows)


def _corrected(shares: list[Share], confidence: float) -> Table:
    columns = (
        Column("share of", numeric=False),
        Column("confirmed when true", "sensitivity, on what was also checked"),
        Column("denied when not", "specificity, on what was also checked"),
        Column("judged alone", "how many the judge alone decides"),
        Column("judge says", "share of those, as the judge sees it: right is a rating of 4 or 5"),
        Column(
            "corrected",
            f"the same share, corrected for the judge's errors, with a {percent(confidence)} interval that also "
            f"counts how well those errors are known ({_PAPER})",
        ),
    )
    rows = tuple(
        (
            _event(share),
            f"{percent(share.rates.sensitivity)} of {share.rates.n_right:,}",
            f"{percent(share.rates.specificity)} of {share.rates.n_wrong:,}",
            f"{share.n:,}",
            percent(share.judged),
            percent_with_ci(*share.corrected),
        )
        for share in shares
    )
    notes = ["The correction holds as far as the judge errs alike on queries with and without a reference."]
    if any(cell.startswith(DASH) for row in rows for cell in row[1:]):
        notes.append(
            f"{DASH}: there is nothing to measure it on, or the judge tells right from wrong no better than chance."
        )
    return Table("Shares, corrected for the judge's errors", columns, rows, notes=tuple(notes))


def _event(share: Share) -> str:
    event = f"right {share.event} answers" if share.event in ROLES else "queries where strong is better"
    return f"{event}, reference shown" if share.guided else event


def _leans(leans: list[Lean], confidence: float) -> Table:
    columns = (
        Column("leans to", numeric=False),
        Column("by", f"from −1 (never takes it) to +1 (always); 0 is no lean; {percent(confidence)} interval"),
        Column("n", "pairs of answers"),
        Column("found", numeric=False),
    )
    rows = tuple((_SIDES[lean.side][0], _with_interval(lean), f"{lean.n:,}", _finding(lean)) for lean in leans)
    notes = []
    if any(lean.side != "first" and lean.controlled for lean in leans):
        notes.append("Only pairs that the checks find equally good count, the order apart: no side has earned it.")
    if any(not lean.controlled for lean in leans):
        notes.append("No pair was checked, so that a lean may also mean that those answers are better.")
    return Table("Biases", columns, rows, notes=tuple(notes))


def _with_interval(lean: Lean) -> str:
    shown = signed(lean.value, 2)
    return shown if lean.ci is None else f"{shown} ({signed(lean.ci[0], 2)} to {signed(lean.ci[1], 2)})"


def _finding(lean: Lean) -> str:
    if lean.ci is None:
        return f"too few pairs, at least {FEWEST_PAIRS} are needed"
    if not lean.is_found:
        return "no lean shown"
    return f"a lean {'to' if lean.value > 0 else 'away from'} it: {_SIDES[lean.side][1]}"
