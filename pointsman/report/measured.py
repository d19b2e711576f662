"""What differs from run to run, for the HTML alone: what was asked and spent, and what a clock measured."""

from collections.abc import Mapping
from typing import Any

from pointsman.report.content import Column, Section, Table, Text
from pointsman.report.inputs import Inputs
from pointsman.report.numbers import cost


def list_timing(inputs: Inputs) -> Section | None:
    """What a clock measured, for the HTML alone; None where nothing was."""
    leaves = [(name, _measured(value)) for name, value in sorted((inputs.timing or {}).items())]
    if not leaves:
        return None
    columns = (Column("step", numeric=False), Column("measured", numeric=False))
    note = Text("Measured on the machine that ran the pipeline; it differs from machine to machine and run to run.")
    return Section("timing", "Time", (note, Table("Steps", columns, tuple(leaves))), html_only=True)


def _measured(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_measured(child)}" for name, child in sorted(value.items()))
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def list_spending(inputs: Inputs) -> Section | None:
    """What each stage asked, whom, and what it cost; None where no model was asked."""
    rows = tuple(
        _asked(stage, model, account, inputs.unit)
        for stage, spend in sorted((inputs.spend or {}).items())
        for model, account in sorted(spend["models"].items())
    )
    if not rows:
        return None
    columns = (
        Column("stage", numeric=False),
        Column("provider/model", numeric=False),
        Column("answers"),
        Column("recorded", "from data/recordings"),
        Column("cached", "answered in an earlier run"),
        Column("live", "asked in the last run"),
        Column("failed"),
        Column("tokens in"),
        Column("tokens out"),
        Column("cost", "of all answers, whenever they were asked"),
        Column("cost of the last run"),
    )
    spent_usd = sum(spend["spent_usd_of_this_run"] for spend in (inputs.spend or {}).values())
    note = Text(f"The last run of each stage spent ${spent_usd:.4f} in all; what costs no dollars is not in it.")
    return Section("spending", "What was asked and spent", (note, Table("Stages", columns, rows)), html_only=True)


def _asked(stage: str, model: str, account: Mapping[str, Any], unit: str) -> tuple[str, ...]:
    answers = account["recorded"] + account["cached"] + account["live"]
    counts = (answers, account["recorded"], account["cached"], account["live"], account["failed"])
    tokens = (account["prompt_tokens"], account["completion_tokens"])
    costs = (cost(account["cost"], unit), cost(account["cost_of_this_run"], unit))
    return (stage, model, *(f"{number:,}" for number in (*counts, *tokens)), *costs)
