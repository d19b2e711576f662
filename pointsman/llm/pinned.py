"""Files in a folder of weights that are the pinned ones, by their SHA-256."""

import hashlib
from pathlib import Path

from pointsman.config.llm import WeightFile, Weights
from pointsman.llm.errors import SourceError
from pointsman.tables.io import read_json, write_json

_MARKS = ".verified.json"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def missing_files(folder: Path, weights: Weights) -> list[WeightFile]:
    """Files of `weights` that do not lie in the folder with their pinned hash."""
    marks = read_json(folder / _MARKS) if (folder / _MARKS).exists() else {}
    return [file for file in weights.files if not _verified(folder, file, marks)]


def accept(folder: Path, file: WeightFile, found: Path) -> None:
    """Move what was found to its place in the folder; delete it where it is not the pinned file.

    Raises:
        SourceError: it has another hash.
    """
    digest = file_sha256(found)
    if digest != file.sha256:
        found.unlink()
        raise SourceError(f"SHA-256 is {digest}, expected {file.sha256}")
    target = folder / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    found.replace(target)
    _mark(folder, file)


def _verified(folder: Path, file: WeightFile, marks: dict[str, list[object]]) -> bool:
    """A mark spares hashing again what has not been touched; a file put there by hand is hashed once."""
    path = folder / file.name
    if not path.exists():
        return False
    state = path.stat()
    if marks.get(file.name) == [file.sha256, state.st_size, state.st_mtime_ns]:
        return True
    if file_sha256(path) != file.sha256:
        return False
    _mark(folder, file)
    return True


def _mark(folder: Path, file: WeightFile) -> None:
    state = (folder / file.name).stat()
    marks = read_json(folder / _MARKS) if (folder / _MARKS).exists() else {}
    write_json(folder / _MARKS, marks | {file.name: [file.sha256, state.st_size, state.st_mtime_ns]})
