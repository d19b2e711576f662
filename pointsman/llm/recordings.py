"""Committed answers: a fresh clone reads them instead of asking a model."""

import argparse
import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pointsman.cli import run, say
from pointsman.llm.cache import Kept, restored
from pointsman.llm.errors import RecordingsError
from pointsman.tables.io import TableError, atomic, dumps, read_json, write_json

FORMAT = 1
DEFAULT_FOLDER = "data/recordings"
_MANIFEST = "manifest.json"
_IMPLIED = ("served_by", "local")
_HELP = """Check that recorded answers can be repeated. `python -m pointsman.llm cache export` records them.

Example:
  python -m pointsman.llm.recordings verify --sample 20 --seed 1
"""


def read_recordings(folder: Path, models: Iterable[str]) -> dict[str, Kept]:
    """Key -> answer and dollars billed, of the models named; empty where the folder or a model is not recorded.

    Raises:
        RecordingsError: the folder has another format, or a file that its manifest names is missing or damaged.
    """
    wanted = set(models)
    entries = read_manifest(folder)["models"]
    return {
        row["key"]: Kept(restored(row["key"], row, "recording"), row.get("billed"))
        for model, entry in entries.items()
        if model in wanted
        for row in read_rows(folder / entry["file"])
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest; an empty one where nothing is recorded yet.

    Raises:
        RecordingsError: another format, or no JSON.
    """
    if not (folder / _MANIFEST).exists():
        return {"format": FORMAT, "models": {}}
    try:
        manifest: dict[str, Any] = read_json(folder / _MANIFEST)
    except TableError as problem:
        file = folder / _MANIFEST
        raise RecordingsError(
            f"{file} cannot be read: it is no JSON. Restore it with: git checkout {file}"
        ) from problem
    if manifest.get("format") != FORMAT:
        raise RecordingsError(
            f"{folder / _MANIFEST} has format {manifest.get('format')}, this Pointsman reads format {FORMAT}. "
            "Ask the models instead with: python -m pointsman.config.compose llm.recordings=null"
        )
    return manifest


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of one file of recordings.

    Raises:
        RecordingsError: the file is missing or damaged.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except (OSError, EOFError, ValueError) as problem:
        raise RecordingsError(f"{path} cannot be read: {problem}. Restore it with: git checkout {path}") from problem


def write_recordings(folder: Path, model: str, rows: Mapping[str, Mapping[str, Any]], about: Mapping[str, Any]) -> None:
    """Write one model's answers and its manifest entry; equal answers give equal bytes.

    Args:
        folder: the recordings.
        model: whose answers these are.
        rows: key -> what `cache.stored` keeps of the answer.
        about: further facts for the manifest.
    """
    name = f"{model.replace('/', '__')}.jsonl.gz"
    with (
        atomic(folder / name, "wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as file,
    ):
        for key in sorted(rows):
            kept = {name: value for name, value in rows[key].items() if value is not None and (name, value) != _IMPLIED}
            file.write((dumps(kept | {"key": key}) + "\n").encode())
    manifest = read_manifest(folder)
    entry = {"file": name, "answers": len(rows), **about}
    write_json(folder / _MANIFEST, manifest | {"models": manifest["models"] | {model: entry}})


def main() -> None:
    """The command line; `--help` explains it."""
    parser = argparse.ArgumentParser(description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    verifying = commands.add_parser("verify", help="ask the models of the pair again for a sample, and compare")
    verifying.add_argument("--sample", type=int, default=20, help="how many answers of each role (default 20)")
    verifying.add_argument("--seed", type=int, default=0, help="which ones (default 0)")
    options = parser.parse_args()
    _verify(options.sample, options.seed)


def _verify(sample: int, seed: int) -> None:
    from pointsman.config.params import load_params
    from pointsman.llm.export import verify
    from pointsman.llm.requests import response_requests
    from pointsman.llm.shelf import Asking
    from pointsman.tables.schemas import QUERIES, ROLES, read_table

    params = load_params()
    llm = params.llm.model_copy(update={"recordings": params.llm.recordings or DEFAULT_FOLDER})
    settings = Asking(llm, params.provider, params.weights)
    queries = read_table(Path("data/queries.jsonl"), QUERIES)
    different = 0
    for role in ROLES:
        found = verify(response_requests(queries, role, params.pair, params.weights), settings, sample, seed)
        different += len(found.different)
        say(f"{role}: {found.identical} of {found.asked} answers are identical when asked again")
    if different:
        raise RecordingsError(
            f"{different} answers differ: another processor or version of llama.cpp rounds differently"
        )


if __name__ == "__main__":
    run(main)
