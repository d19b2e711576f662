"""What to do, how sure, in plain words."""

from collections.abc import Mapping
from typing import Any

from pointsman.evaluation.curves import ALWAYS_STRONG, ALWAYS_WEAK
from pointsman.evaluation.summary import is_better
from pointsman.report.content import Fact, Verdict
from pointsman.report.inputs import Inputs
from pointsman.report.judge import measure, warn_of_judge
from pointsman.report.numbers import Ci, count, interval, percent, plain, signed, signed_interval

FEWEST_QUERIES = 100  # with fewer, an interval of APGR is wider than any difference between routers
APGR = (
    "APGR measures how well a router picks the queries that need the strong model: the part of the quality gap between "
    "the two models that it wins back, averaged over all shares of strong calls. Picking at random gets 0.5."
)


def judge_verdict(inputs: Inputs) -> Verdict:
    """The verdict; its first line is a warning where the winner does not beat query length, or the judge is poor."""
    if inputs.chosen is None or not inputs.verdict:
        return _no_winner(inputs)
    too_few = _too_few(inputs.metrics["test"]["n"])
    warning, judge_warning = _against_length(inputs.chosen, inputs.verdict, inputs), _against_judge(inputs)
    lines = [
        too_few,
        warning,
        judge_warning,
        _advice(inputs.chosen, float(inputs.winner["threshold"]), inputs),
        _outcome(inputs),
        _target(inputs),
        *([] if warning else [_beats_length(inputs)]),
        _against_knn(inputs),
        APGR,
    ]
    is_good = too_few is None and warning is None and judge_warning is None
    return Verdict(is_good, tuple(line for line in lines if line), _facts(inputs))


def _too_few(n: int) -> str | None:
    """The warning that comes before all others."""
    if n >= FEWEST_QUERIES:
        return None
    return (
        f"Too few queries to settle anything: {count(n, 'test query', 'test queries')}, where hundreds are needed. "
        "Take what follows as a trial of the pipeline."
    )


def _against_judge(inputs: Inputs) -> str | None:
    """The warning that scores rest on a judge who agrees poorly with the checks; null where none does."""
    warning = warn_of_judge(measure(inputs)) if (inputs.ratings["method"] == "judge").any() else None
    return f"{warning} The numbers below rest on them." if warning else None


def _no_winner(inputs: Inputs) -> Verdict:
    reason = inputs.winner.get("reason") or "no router that can be served was scored on queries outside the train split"
    n = inputs.metrics.get("test", {}).get("n") or 0
    return Verdict(
        good=False,
        lines=(
            f"No router was chosen: {str(reason).rstrip('.')}.",
            "Until there is one, the safe choice is to send every query to the strong model.",
            f"What could be measured on {count(n, 'test query', 'test queries')} follows.",
        ),
        facts=(),
    )


def _against_length(router: str, verdict: Mapping[str, Any], inputs: Inputs) -> str | None:
    """The warning that must come first; null where the winner is better than length with its whole interval."""
    comparison = (verdict.get("vs") or {}).get("length")
    if is_better(comparison):
        return None
    if not comparison or comparison["apgr_diff"] is None:
        return (
            f"Not shown to beat a trivial rule: whether the {router} router picks queries better than their length "
            "alone cannot be measured, because the strong model is not better than the weak one on the test queries."
        )
    found = f"difference in APGR {_difference(comparison, inputs)}"
    if comparison["ci"] and comparison["ci"][1] < 0:
        return f"Worse than a trivial rule: query length alone picks better than the {router} router ({found})."
    return (
        f"Not shown to beat a trivial rule: the {router} router does not reliably pick better than query length alone "
        f"({found})."
    )


def _advice(router: str, threshold: float, inputs: Inputs) -> str:
    if inputs.winner.get("fallback") or threshold <= ALWAYS_STRONG:
        return (
            f"Send every query to the strong model: on the validation queries no router keeps "
            f"{percent(inputs.settings.quality)} of its quality at a lower cost."
        )
    if threshold >= ALWAYS_WEAK:
        return "Send every query to the weak model: on the validation queries it keeps the quality that was asked for."
    return (
        f"Use the {router} router with the threshold {plain(threshold)}: "
        "a query that it scores higher goes to the strong model, every other one to the weak model."
    )


def _outcome(inputs: Inputs) -> str:
    verdict = inputs.verdict
    kept = (
        f"keeps {percent(verdict['quality_kept'])} of the strong model's quality"
        if verdict["quality_kept"] is not None
        else "cannot be compared with the strong model, which scores nothing"
    )
    queries = count(inputs.metrics["test"]["n"], "test query", "test queries")
    return (
        f"On {queries} that were kept aside, this sends {percent(1 - verdict['strong_share'])} to the weak model, "
        f"{kept} and {_saved(verdict['cost_saved'])}."
    )


def _saved(saved: float | None) -> str:
    if saved is None:
        return "has no cost to save"
    return f"saves {percent(saved)} of its cost" if saved >= 0 else f"costs {percent(-saved)} more than it"


def _target(inputs: Inputs) -> str:
    """How the quality that was asked for fared on queries that did not choose the threshold."""
    kept, ci = inputs.verdict["quality_kept"], inputs.verdict["quality_kept_ci"]
    wanted = f"The {percent(inputs.settings.quality)} that was asked for"
    if kept is None or ci is None:
        return ""
    if ci[0] >= inputs.settings.quality:
        return f"{wanted} is met with the whole interval."
    if kept >= inputs.settings.quality:
        return f"{wanted} is met, but the interval reaches below it."
    if ci[1] >= inputs.settings.quality:
        return f"{wanted} is missed, though it lies in the interval: the threshold was set on other queries."
    return f"{wanted} is missed: the threshold was set on other queries, where it did keep it."


def _beats_length(inputs: Inputs) -> str:
    comparison = inputs.verdict["vs"]["length"]
    return (
        "It picks queries for the strong model better than a trivial rule, query length, does: "
        f"difference in APGR {_difference(comparison, inputs)}."
    )


def _against_knn(inputs: Inputs) -> str:
    comparison = (inputs.verdict.get("vs") or {}).get("knn")
    if inputs.chosen == "knn" or not comparison or comparison["apgr_diff"] is None:
        return ""
    if is_better(comparison):
        said = "It is better than"
    elif comparison["ci"] and comparison["ci"][1] < 0:
        said = "It is worse than"
    else:
        said = "It is not told apart from"
    return f"{said} a look-up of the nearest train queries (kNN): difference in APGR {_difference(comparison, inputs)}."


def _difference(comparison: Mapping[str, Any], inputs: Inputs) -> str:
    bounds = signed_interval(comparison["ci"], inputs.settings.confidence)
    return f"{signed(comparison['apgr_diff'])}, {bounds}"


def _facts(inputs: Inputs) -> tuple[Fact, ...]:
    verdict, confidence = inputs.verdict, inputs.settings.confidence
    share, share_ci = verdict["strong_share"], verdict["strong_share_ci"]
    to_weak_ci: Ci = None if share_ci is None else [1 - share_ci[1], 1 - share_ci[0]]
    return (
        Fact("Router", str(inputs.chosen), "", _rule(float(inputs.winner["threshold"]))),
        Fact("Sent to the weak model", percent(1 - share), interval(to_weak_ci, confidence), "of the test queries"),
        Fact(
            "Quality kept",
            percent(verdict["quality_kept"]),
            interval(verdict["quality_kept_ci"], confidence),
            "of what the strong model alone would score",
        ),
        Fact(
            "Cost saved",
            percent(verdict["cost_saved"]),
            interval(verdict["cost_saved_ci"], confidence),
            "against asking the strong model alone",
        ),
    )


def _rule(threshold: float) -> str:
    if threshold <= ALWAYS_STRONG:
        return "unused: every query goes to strong"
    return (
        "unused: every query goes to weak"
        if threshold >= ALWAYS_WEAK
        else f"strong above a score of {plain(threshold)}"
    )
