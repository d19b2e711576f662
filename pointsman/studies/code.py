"""One name for the code that made a result."""

import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def code_digest(folder: str, package: Path = PACKAGE) -> str:
    """SHA-256 of all modules of a folder of the package, in hexadecimal: what other code kept is not taken up again."""
    found = hashlib.sha256()
    for path in sorted((package / folder).rglob("*.py")):
        found.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()
