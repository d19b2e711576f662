"""What a clock measures, kept apart from results so that those repeat byte for byte."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pointsman.tables.io import read_json, write_json


@contextmanager
def timed(path: Path, **facts: Any) -> Iterator[dict[str, Any]]:
    """Write the seconds that the block took, with other facts, which the block may add to."""
    facts = dict(facts)
    start = time.perf_counter()
    yield facts
    write_json(path, {**facts, "seconds": round(time.perf_counter() - start, 3)})


def collect_timings(folder: Path) -> dict[str, Any]:
    """Every timing file of a folder, by its name."""
    return {path.stem: read_json(path) for path in sorted(folder.glob("*.json"))}
