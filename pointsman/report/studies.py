"""What other seeds, fewer labels and shuffled labels give, where conf asked for it."""

from collections.abc import Mapping
from typing import Any

from pointsman.report.content import Block, Column, Section, Table, Text
from pointsman.report.inputs import Inputs
from pointsman.report.numbers import DASH, count, percent, plain, with_ci


def show_studies(inputs: Inputs) -> Section | None:
    """A band over seeds, a learning curve and a negative control for each router; None where nothing was asked for."""
    found = inputs.studies
    if not found:
        return None
    intro = Text(
        "APGR on the test queries. A difference between routers that is smaller than the band over seeds may be the "
        "seed's; more labels help for as long as the learning curve rises."
    )
    blocks: list[Block] = [intro, _seeds(found)]
    if any(router["labels"] for router in found.values()):
        blocks.append(_labels(found, inputs))
    return Section("studies", "Seeds, labels and chance", tuple(blocks))


def _seeds(found: Mapping[str, Any]) -> Table:
    columns = (
        Column("router", numeric=False),
        Column("seeds"),
        Column("mean"),
        Column("least"),
        Column("largest"),
        Column("SD"),
        Column("shuffled labels", "learned from labels of other queries: 0.5 but for chance"),
    )
    return Table("Seeds of training", columns, tuple(_band(name, router) for name, router in found.items()))


def _band(name: str, router: Mapping[str, Any]) -> tuple[str, ...]:
    band, shuffled = router["seeds"], router["shuffled"]
    cells = [DASH] * 5
    if band is not None:
        cells = [str(len(band["apgr"])), *(plain(band[key]) for key in ("mean", "low", "high", "sd"))]
    return (name, *cells, DASH if shuffled is None else with_ci(shuffled["apgr"], shuffled["apgr_ci"]))


def _labels(found: Mapping[str, Any], inputs: Inputs) -> Table:
    counts = sorted({point["labels"] for router in found.values() for point in router["labels"]})
    columns = (Column("router", numeric=False), *(Column(count(labels, "label", "labels")) for labels in counts))
    rows = []
    for name, router in found.items():
        points = {point["labels"]: with_ci(point["apgr"], point["apgr_ci"]) for point in router["labels"]}
        rows.append((name, *(points.get(labels, DASH) for labels in counts)))
    caption = f"Labelled train queries (brackets: {percent(inputs.settings.confidence)} intervals)"
    return Table(caption, columns, tuple(rows))
