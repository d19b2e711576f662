"""What every router costs and keeps, over all its thresholds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pointsman.evaluation.apgr import pgr
from pointsman.evaluation.curves import route, trace_curve
from pointsman.evaluation.judge import FIXED, Split
from pointsman.report.content import Figure, Section, Text
from pointsman.report.figures import Axis, Chosen, Line, draw_curves
from pointsman.report.inputs import Inputs

ORDER = ("bert", "stack", "semantic", "llm", "knn", "length", "random", "shuffled", "oracle")
_EDGE = 1.2
"""Right edge of the cost figure, in costs of the strong model: one dear router must not press all others together."""

_SHARES = ("cost of asking the strong model alone", "the strong model's quality")


def show_curves(inputs: Inputs) -> Section:
    """Quality against cost, and the gap won back against the share of strong calls, both on test."""
    title, taken = "Quality and cost", inputs.split("test")
    if taken is None or not taken.scores:
        return Section("curves", title, (Text("There are no test queries, so that nothing can be drawn."),))
    intro = Text(
        "Each line is one router at all of its thresholds, from every query to the weak model (left) to every query to "
        "the strong one (right). Up and to the left is better; random mixing is nearly straight."
    )
    figures = [cost_figure(inputs, taken), _gap_figure(taken)]
    return Section("curves", title, (intro, *(figure for figure in figures if figure)))


def cost_figure(inputs: Inputs, taken: Split) -> Figure:
    """Quality against cost, as shares of the strong model's where these are above zero, with the chosen point."""
    strong_cost, strong_quality = float(taken.outcomes.strong_cost.mean()), float(taken.outcomes.strong_score.mean())
    units = (strong_cost or 1.0, strong_quality or 1.0)
    lines = []
    for name in _drawn(taken):
        curve = trace_curve(taken.scores[name].score, taken.outcomes, taken.scores[name].router_cost)
        lines.append(Line(name, curve.cost / units[0], curve.quality / units[1]))
    chosen = _chosen(inputs, taken, units)
    right = _EDGE if strong_cost and any(line.x.max() > _EDGE for line in lines) else None
    axes = (
        Axis(f"{_SHARES[0]} = 100%" if strong_cost else "cost per query", bool(strong_cost)),
        Axis(f"{_SHARES[1]} = 100%" if strong_quality else "mean score", bool(strong_quality)),
    )
    return draw_curves(
        "curve",
        "What a router costs and keeps",
        f"Quality against cost on {taken.outcomes.n} test queries, one line for each of {', '.join(_drawn(taken))}. "
        + _described(chosen, strong_cost > 0 and strong_quality > 0)
        + (_beyond(lines, right) if right else ""),
        lines,
        axes,
        chosen=chosen,
        right=right,
        wanted=inputs.settings.quality if strong_quality else None,
        file="curve.svg",
    )


def _chosen(inputs: Inputs, taken: Split, units: tuple[float, float]) -> Chosen | None:
    if inputs.chosen is None:
        return None
    scores = taken.scores[inputs.chosen]
    routed = route(scores.score, float(inputs.winner["threshold"]), taken.outcomes, scores.router_cost)
    verdict: Mapping[str, Any] = inputs.verdict
    saved, kept = verdict.get("cost_saved_ci"), verdict.get("quality_kept_ci")
    return Chosen(
        f"chosen: {inputs.chosen}",
        float(routed.cost.mean()) / units[0],
        float(routed.score.mean()) / units[1],
        [1 - saved[1], 1 - saved[0]] if saved else None,
        kept,
    )


def _described(chosen: Chosen | None, are_shares: bool) -> str:
    if chosen is None:
        return "No point is chosen."
    if not are_shares:
        return f"The chosen point costs {chosen.x:.3g} a query and scores {chosen.y:.3g}."
    return f"The chosen point costs {chosen.x:.1%} and keeps {chosen.y:.1%} of what the strong model alone would."


def _beyond(lines: Sequence[Line], right: float) -> str:
    """What the picture leaves out: a router that asks a model itself may cost more than the strong model alone."""
    spans = [f"{line.router} ({line.x.min():.0%} to {line.x.max():.0%})" for line in lines if line.x.max() > right]
    return f" Beyond the right edge: {', '.join(spans)}."


def _gap_figure(taken: Split) -> Figure | None:
    lines = []
    for name in _drawn(taken):
        curve = trace_curve(taken.scores[name].score, taken.outcomes)
        recovered = pgr(curve)
        if recovered is None:
            return None
        lines.append(Line(name, curve.strong_share, recovered))
    return draw_curves(
        "gap",
        "How well a router picks",
        "Part of the quality gap won back against the share of strong calls, on the test queries. "
        "The area under a line is its APGR.",
        [*lines, Line("straight line", np.array([0.0, 1.0]), np.array([0.0, 1.0]))],
        (Axis("share of strong calls", True), Axis("quality gap won back", True)),
    )


def _drawn(taken: Split) -> list[str]:
    """Routers with a line of their own, in the legend's order; always_weak and always_strong are the ends of all."""
    ranked = [name for name in ORDER if name in taken.scores]
    return ranked + sorted(set(taken.scores) - set(ORDER) - set(FIXED))
