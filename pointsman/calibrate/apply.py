"""Write a threshold into a packaged router."""

from pathlib import Path

from pointsman.routers.files import RouterError, read_manifest, write_manifest
from pointsman.routers.packaged import manifest_version


def apply_threshold(folder: Path, threshold: float) -> str:
    """Change the threshold in router.json, and the version with it; returns what was done, in words.

    Raises:
        RouterError: the folder holds no packaged router.
    """
    manifest = read_manifest(folder)
    if "files" not in manifest:
        raise RouterError(f"{folder} holds a trained router, not a packaged one; expected e.g. models/router")
    before = manifest["threshold"]
    changed = manifest | {"threshold": threshold}
    changed["version"] = manifest_version(changed)
    write_manifest(folder, changed)
    return (
        f"{folder}: threshold {before:g} -> {threshold:g}. Restart the service to use it; "
        "dvc repro package would set it back to the pipeline's own"
    )
