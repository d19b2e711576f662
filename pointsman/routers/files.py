"""The files of a saved router: router.json and arrays as safetensors. Reading imports no pandas or torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pointsman.errors import PointsmanError

MANIFEST = "router.json"
ARRAYS = "arrays.safetensors"
MODEL_FILE = "model.json"  # beside a router's scores: the hash of the model that gave them
CODE = Path(__file__).parent  # of all routers
FORMAT = 1

Arrays = dict[str, NDArray[Any]]


class RouterError(PointsmanError):
    """A router's folder is not what it should be, or a router lacks what it needs."""


@dataclass(frozen=True)
class Stored:
    """Part of a router of which every field is an array; arrays.safetensors names them by class and field."""

    def arrays(self) -> Arrays:
        """What `from_arrays` reads."""
        return {f"{type(self).__name__.lower()}.{name}": value for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Read what `arrays` gave."""
        return cls(**{field.name: arrays[f"{cls.__name__.lower()}.{field.name}"] for field in fields(cls)})


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write router.json with the format's number."""
    from pointsman.tables.io import write_json

    write_json(folder / MANIFEST, {"format": FORMAT, **manifest})


def read_manifest(folder: Path, remedy: str = "dvc repro") -> dict[str, Any]:
    """Read router.json.

    Raises:
        RouterError: it is missing, is not JSON, or has another format; names the command that writes it.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as problem:
        raise RouterError(f"{path} is missing: {folder} holds no router. Write it with: {remedy}") from problem
    except ValueError as problem:
        raise RouterError(f"{path} is not JSON: {problem}. Write it again with: {remedy}") from problem
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise RouterError(f"{path} has format {found!r}, expected {FORMAT}. Write it again with: {remedy}")
    return dict(manifest)


def write_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays; equal arrays give equal bytes."""
    from safetensors.numpy import save

    from pointsman.tables.io import atomic

    with atomic(folder / ARRAYS, "wb") as file:
        file.write(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def read_arrays(folder: Path, remedy: str = "dvc repro") -> Arrays:
    """Read what `write_arrays` wrote.

    Raises:
        RouterError: the file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = folder / ARRAYS
    try:
        return dict(load_file(path))
    except FileNotFoundError as problem:
        raise RouterError(f"{path} is missing. Write it with: {remedy}") from problem
    except SafetensorError as problem:
        raise RouterError(f"{path} is damaged: {problem}. Write it again with: {remedy}") from problem


def folder_sha256(folder: Path, pattern: str = "*") -> str:
    """SHA-256 over the names and contents of a folder's files of a pattern: changes if and only if one of them does."""
    total = hashlib.sha256()
    for path in sorted(file for file in folder.rglob(pattern) if file.is_file()):
        total.update(
            f"{path.relative_to(folder).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode()
        )
    return total.hexdigest()
