"""Recorded verdicts of code checks, so that a fresh clone runs no model-written code."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

from pointsman.errors import PointsmanError
from pointsman.rating.references import Verdict
from pointsman.tables.io import atomic, dumps

FORMAT = 1
FILE = "verdicts.jsonl.gz"


class VerdictsError(PointsmanError):
    """The file of recorded verdicts is damaged or of another format."""


def read_verdicts(path: Path) -> dict[str, Verdict]:
    """Key (see `verdict_key`) -> verdict; empty where there is no such file.

    Raises:
        VerdictsError: the file is damaged or of another format.
    """
    if not path.exists():
        return {}
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            head, *rows = [json.loads(line) for line in file]
        found = head["format"]
        verdicts = {row["key"]: Verdict(float(row["score"]), str(row["detail"])) for row in rows}
    except (OSError, EOFError, ValueError, KeyError, TypeError) as problem:
        raise VerdictsError(f"{path} cannot be read: {problem!r}. Restore it with: git checkout {path}") from problem
    if found != FORMAT:
        raise VerdictsError(
            f"{path} has format {found}, this Pointsman reads format {FORMAT}. "
            "Run the checks instead with: python -m pointsman.config.compose llm.recordings=null"
        )
    return verdicts


def write_verdicts(path: Path, verdicts: Mapping[str, Verdict]) -> None:
    """Write verdicts sorted by key; equal verdicts give equal bytes."""
    with (
        atomic(path, "wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as file,
    ):
        file.write((dumps({"format": FORMAT}) + "\n").encode())
        for key in sorted(verdicts):
            row = {"key": key, "score": verdicts[key].score, "detail": verdicts[key].detail}
            file.write((dumps(row) + "\n").encode())
