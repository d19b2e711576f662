"""Say what to do, how sure and why: reports/index.html, report.md and curve.svg.

Example:
  python -m stages.report
"""

from pathlib import Path

from pointsman.cli import run, say, take_no_arguments
from pointsman.config.digest import digest
from pointsman.config.params import load_params
from pointsman.report.build import build_report
from pointsman.report.inputs import Settings, read_inputs
from pointsman.report.render import render_html, render_markdown, render_pictures
from pointsman.tables.io import atomic, read_json


def main() -> None:
    """Write the report."""
    take_no_arguments(__doc__)
    params = load_params()
    shaping = {
        "dataset": read_json(Path("data/dataset.json")),
        "seed": params.seed,
        "routers": params.routers,
        "pair": params.pair,
        "rating": params.rating,
        "embedder": params.embedder,
        "router": params.router,
        "evaluation": params.evaluation,
        "selection": params.selection,
    }
    settings = Settings(
        title=params.report.title,
        pair=params.pair,
        judge=params.rating.judge,
        sample_decisions=params.report.sample_decisions,
        quality=params.selection.quality,
        seed=params.seed,
        resamples=params.evaluation.resamples,
        confidence=params.evaluation.confidence,
        digest=digest(shaping),
    )
    report = build_report(read_inputs(Path(), settings))
    files = {"index.html": render_html(report), "report.md": render_markdown(report), **render_pictures(report)}
    for name, text in files.items():
        with atomic(Path("reports") / name) as file:
            file.write(text)
    say(f"verdict: {report.verdict.lines[0]}")
    say(f"report: {Path('reports/index.html').resolve()}")


if __name__ == "__main__":
    run(main)
