"""How often the checks of responses agree with a reader who graded the same responses.

Example:
  python -m pointsman.rating.accuracy tests/rating/graded_responses.jsonl

Each line of the file holds {"reference": …, "response": …, "right": true or false, "why": …}.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pointsman.cli import make_parser, run, say
from pointsman.config.rating import SandboxConfig
from pointsman.rating.grading import Item, grade_all
from pointsman.rating.references import Verdict
from pointsman.tables.io import read_lines

LIMITS = SandboxConfig(wall_s=20, cpu_s=3, memory_mb=512, file_mb=1, processes=8, output_kb=64)


class Agreement(NamedTuple):
    """Of responses of one kind: how many, and how the checks compare with the reader. None where undefined."""

    kind: str
    n: int
    n_right: int
    precision: float | None
    recall: float | None


def check_right(rows: Sequence[Mapping[str, Any]]) -> list[bool | None]:
    """Whether the checks call each response right (code: all of them); None where it cannot be graded."""
    items = [Item(row["response"], row["reference"]) for row in rows]
    outcomes = grade_all(items, LIMITS, os.cpu_count(), {}).outcomes
    return [found.score >= 1.0 if isinstance(found, Verdict) else None for found in outcomes]


def agreement(rows: Sequence[Mapping[str, Any]], checked: Sequence[bool | None]) -> list[Agreement]:
    """Precision and recall of "right" for each kind of reference, and over all."""
    kinds = sorted({row["reference"]["kind"] for row in rows})
    pairs = [(row["reference"]["kind"], bool(row["right"]), found) for row, found in zip(rows, checked, strict=True)]
    by_kind = [_agreement(kind, [pair[1:] for pair in pairs if pair[0] == kind]) for kind in kinds]
    return [*by_kind, _agreement("all", [pair[1:] for pair in pairs])]


def _agreement(kind: str, pairs: Iterable[tuple[bool, bool | None]]) -> Agreement:
    listed = [(read, found) for read, found in pairs if found is not None]
    both = sum(read and found for read, found in listed)
    called, right = sum(found for _, found in listed), sum(read for read, _ in listed)
    return Agreement(kind, len(listed), right, both / called if called else None, both / right if right else None)


def main() -> None:
    """Print precision and recall, and every response on which they disagree."""
    parser = make_parser(__doc__)
    parser.add_argument("file", type=Path, help="graded responses, JSONL")
    rows = list(read_lines(parser.parse_args().file))
    checked = check_right(rows)
    say(f"{'kind':<14} {'n':>4} {'right':>5}  precision  recall")
    for line in agreement(rows, checked):
        say(f"{line.kind:<14} {line.n:>4} {line.n_right:>5}  {_share(line.precision):>9}  {_share(line.recall):>6}")
    for number, (row, found) in enumerate(zip(rows, checked, strict=True), start=1):
        if found != row["right"]:
            say(f"line {number}: read as {row['right']} ({row['why']}), checked as {found}: {row['response'][:100]!r}")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    run(main)
