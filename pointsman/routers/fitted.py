"""A fitted router's folder names the frozen encoder whose numbers it learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pointsman.routers.base import Router
from pointsman.routers.files import RouterError, read_manifest, write_manifest
from pointsman.routers.fitting import FitContext, encoder_config
from pointsman.routers.names import ENCODED


def save(router: Router, folder: Path, context: FitContext) -> None:
    """Write a router and, where it has a frozen encoder, that one's settings."""
    router.save(folder)
    if router.name in ENCODED:
        write_manifest(folder, read_manifest(folder) | {"encoder": _encoder(router.name, context)})


def check_encoder(folder: Path, context: FitContext) -> None:
    """Refuse a saved router of which the context holds another encoder; its scores would be wrong, and look right.

    Raises:
        RouterError: names both encoders.
    """
    manifest = read_manifest(folder)
    fitted = manifest.get("encoder")
    if fitted is not None and fitted != (given := _encoder(manifest["router"], context)):
        raise RouterError(
            f"{folder} was fitted with the encoder {fitted}, the settings name {given}. Fit it again with: dvc repro"
        )


def _encoder(name: str, context: FitContext) -> dict[str, Any]:
    """What decides over the numbers that the encoder gives."""
    config = encoder_config(name, context.router, context.embedder)
    return config.model_dump(mode="json", exclude={"batch_size"})
