"""The report as one HTML file and as Markdown. All text is escaped unless the code here made it."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pointsman.report.content import Figure, Report
from pointsman.report.figures import standalone
from pointsman.report.text import escape_markdown, visible

_TEMPLATES = Path(__file__).parent / "templates"


def render_html(report: Report) -> str:
    """One file without scripts and without requests; it opens from the disk as well as from a server."""
    environment = _environment(autoescape=True, finalize=_visible)
    environment.filters["drawing"] = _drawing
    return environment.get_template("report.html.j2").render(report=report) + "\n"


def render_markdown(report: Report) -> str:
    """The same for a repository's page, less what a clock measured; pictures lie beside it."""
    environment = _environment(autoescape=False, finalize=_markdown)
    return environment.get_template("report.md.j2").render(report=report).strip() + "\n"


def render_pictures(report: Report) -> dict[str, str]:
    """The pictures that lie beside the report, by file name."""
    blocks = [block for section in report.sections for block in section.blocks]
    return {block.file: standalone(block) + "\n" for block in blocks if isinstance(block, Figure) and block.file}


def _environment(**options: Any) -> Environment:
    # autoescape is off for Markdown alone, where finalize escapes every expression instead.
    return Environment(  # noqa: S701
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )


def _visible(value: Any) -> Any:
    return visible(value) if type(value) is str else value


def _markdown(value: Any) -> Any:
    return escape_markdown(value) if isinstance(value, str) else value


def _drawing(figure: Figure) -> Markup:
    """The figure's SVG, which matplotlib made and whose texts it escaped."""
    return Markup(figure.svg)  # noqa: S704
