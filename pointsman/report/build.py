"""From the stages' files to the report as data."""

from dataclasses import replace

from pointsman.report.calibration import show_calibration
from pointsman.report.comparison import check_controls, compare_routers, explain_choice
from pointsman.report.content import Figure, Report, Section
from pointsman.report.curves import show_curves
from pointsman.report.decisions import sample_decisions
from pointsman.report.figures import describe
from pointsman.report.groups import tabulate_categories
from pointsman.report.inputs import Inputs
from pointsman.report.judge import show_judge
from pointsman.report.measured import list_spending, list_timing
from pointsman.report.provenance import describe_data, state_limits
from pointsman.report.rivals import compare_pairs
from pointsman.report.robustness import show_robustness
from pointsman.report.studies import show_studies
from pointsman.report.verdict import judge_verdict


def build_report(inputs: Inputs) -> Report:
    """The whole report; the same inputs give an equal one."""
    pair = inputs.settings.pair
    sections = [
        show_curves(inputs),
        compare_routers(inputs),
        compare_pairs(inputs),
        tabulate_categories(inputs),
        show_calibration(inputs),
        check_controls(inputs),
        show_robustness(inputs),
        show_studies(inputs),
        explain_choice(inputs),
        sample_decisions(inputs),
        show_judge(inputs),
        describe_data(inputs),
        state_limits(inputs),
        list_spending(inputs),
        list_timing(inputs),
    ]
    return Report(
        title=inputs.settings.title,
        subtitle=f"{pair.name}: weak is {pair.weak.model}, strong is {pair.strong.model}",
        verdict=judge_verdict(inputs),
        sections=tuple(_with_described_figures(section) for section in sections if section),
    )


def _with_described_figures(section: Section) -> Section:
    blocks = (describe(block) if isinstance(block, Figure) else block for block in section.blocks)
    return replace(section, blocks=tuple(blocks))
