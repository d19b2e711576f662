"""The plots, as SVG that repeats byte for byte, follows the page's colours and can be told apart without colour."""

import io
import re
from collections.abc import Sequence
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from pointsman.evaluation.outcomes import Floats
from pointsman.report.content import Figure

_INK = "#010203"
"""Stands for the text colour: matplotlib writes it, `_finish` replaces it."""

_MUTED = "#808080"
_STYLES: dict[str, dict[str, Any]] = {
    "bert": {"color": "#0072b2", "linestyle": "-", "linewidth": 2.0},
    "stack": {"color": "#b38600", "linestyle": (0, (5, 1.5)), "linewidth": 2.0},
    "semantic": {"color": "#009e73", "linestyle": (0, (6, 2)), "linewidth": 2.0},
    "llm": {"color": "#d55e00", "linestyle": (0, (4, 1.5, 1, 1.5)), "linewidth": 2.0},
    "knn": {"color": "#b8669a", "linestyle": (0, (2, 1)), "linewidth": 2.0},
    "oracle": {"color": _INK, "linestyle": (0, (8, 3)), "linewidth": 1.0},
    "length": {"color": _MUTED, "linestyle": "-", "linewidth": 1.4},
    "random": {"color": _MUTED, "linestyle": (0, (1, 1.5)), "linewidth": 1.4},
    "shuffled": {"color": _MUTED, "linestyle": (0, (3, 3)), "linewidth": 1.0},
}
"""Colours of Okabe and Ito's palette, dark and bright enough for both a white and a black page."""

_OTHER = {"color": _INK, "linestyle": "-", "linewidth": 1.4}
_MARKERS = {"bert": "o", "stack": "P", "semantic": "s", "llm": "^", "knn": "D", "length": "v"}


class Line(NamedTuple):
    """One router's line; both arrays of shape (points,)."""

    router: str
    x: Floats
    y: Floats


class Chosen(NamedTuple):
    """The chosen point, with its intervals where they are defined."""

    label: str
    x: float
    y: float
    x_ci: Sequence[float] | None
    y_ci: Sequence[float] | None


class Axis(NamedTuple):
    """What an axis shows; shares are written as per cent."""

    label: str
    is_share: bool


def draw_curves(
    name: str,
    title: str,
    description: str,
    lines: Sequence[Line],
    axes: tuple[Axis, Axis],
    *,
    chosen: Chosen | None = None,
    wanted: float | None = None,
    right: float | None = None,
    file: str | None = None,
) -> Figure:
    """Lines of all routers; `wanted` is a height to be reached, `right` where the picture ends."""

    def draw(plot: Any) -> None:
        for line in lines:
            plot.plot(line.x, line.y, label=line.router, **_STYLES.get(line.router, _OTHER))
        if wanted is not None:
            plot.axhline(wanted, color=_INK, linewidth=0.6, alpha=0.6)
            plot.annotate(
                f"asked for: {wanted:.0%}", (0.01, wanted), xycoords=("axes fraction", "data"), va="bottom", fontsize=8
            )
        if chosen is not None:
            _mark(plot, chosen)
        if right is not None:
            plot.set_xlim(right=right)
        _label(plot, axes)
        _legend(plot)

    return Figure(name, title, description, _draw(name, draw), file)


def draw_calibration(lines: Sequence[Line], chosen: str) -> Figure:
    """Reliability diagram: mean score of each bin against the share of gain > 0; the winner's line is thicker."""

    def draw(plot: Any) -> None:
        plot.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, alpha=0.6, label="perfect")
        for line in lines:
            style = _STYLES.get(line.router, _OTHER)
            width = 2.4 if line.router == chosen else 1.0
            marker = _MARKERS.get(line.router, "x")
            plot.plot(line.x, line.y, label=line.router, marker=marker, markersize=4, **{**style, "linewidth": width})
        plot.set_xlim(0, 1)
        plot.set_ylim(0, 1)
        _label(plot, (Axis("predicted probability that strong is better", True), Axis("observed share", True)))
        _legend(plot)

    return Figure(
        "calibration",
        "Predicted against observed",
        "Reliability diagram on the test queries: a router on the diagonal can be read as a probability. "
        f"The table gives the points of {chosen}.",
        _draw("calibration", draw),
    )


def standalone(figure: Figure) -> str:
    """The figure as a file of its own: dark on white, with title and description."""
    svg = figure.svg.replace("currentColor", "#1a1a1a")
    opening = re.match(r"<svg[^>]*>.*?</desc>", svg, re.DOTALL)
    at = opening.end() if opening else 0
    return f'{svg[:at]}\n <rect width="100%" height="100%" fill="#ffffff"/>{svg[at:]}'


def _mark(plot: Any, chosen: Chosen) -> None:
    for ci, point, draw in ((chosen.x_ci, chosen.y, plot.hlines), (chosen.y_ci, chosen.x, plot.vlines)):
        if ci is not None:
            draw(point, ci[0], ci[1], color=_INK, linewidth=1.4, zorder=5)
    plot.plot([chosen.x], [chosen.y], marker="*", markersize=9, color=_INK, linestyle="", label=chosen.label, zorder=6)


def _label(plot: Any, axes: tuple[Axis, Axis]) -> None:
    for axis, side in zip(axes, (plot.xaxis, plot.yaxis), strict=True):
        side.set_label_text(axis.label)
        if axis.is_share:
            side.set_major_formatter(_as_percent)


def _as_percent(share: float, _position: int) -> str:
    return f"{round(100 * share, 6):g}%".replace("-", "−")


def _legend(plot: Any) -> None:
    plot.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, handlelength=3.2)


def _draw(name: str, draw: Any) -> str:
    import matplotlib
    from matplotlib.figure import Figure as Canvas

    settings: dict[Any, Any] = {
        "svg.hashsalt": name,
        "svg.fonttype": "none",  # text stays text: it can be searched, read out and scaled
        "text.parse_math": False,
        "font.size": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.15,
        **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "grid.color"), _INK),
        **dict.fromkeys(("xtick.color", "ytick.color"), _INK),
    }
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a user's matplotlibrc must not change the bytes
        matplotlib.rcParams.update(settings)
        canvas = Canvas(figsize=(8.0, 4.6), layout="constrained")
        draw(canvas.add_subplot())
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        canvas.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    return _finish(buffer.getvalue(), name)


def _finish(svg: str, name: str) -> str:
    """Without prologue; with ids that are the figure's own, since several stand on one page."""
    svg = svg[svg.index("<svg") :].strip().replace(_INK, "currentColor")
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    return re.sub(r'href="#', f'href="#{name}-', svg)


def describe(figure: Figure) -> Figure:
    """The figure with its title and description inside the SVG, for screen readers."""
    opening, rest = figure.svg.split(">", 1)
    label = f'{figure.name}-title" aria-describedby="{figure.name}-desc'
    text = (
        f' <title id="{figure.name}-title">{escape(figure.title)}</title>'
        f'<desc id="{figure.name}-desc">{escape(figure.description)}</desc>'
    )
    svg = f'{opening} role="img" aria-labelledby="{label}">\n{text}{rest}'
    return Figure(figure.name, figure.title, figure.description, svg, figure.file)
