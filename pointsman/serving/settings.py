"""What an operator may set, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from pointsman.routers.encoder import Device
from pointsman.serving.errors import ServingError

FOLDER = Path("models") / "router"
BESIDE_PACKAGE = Path(__file__).parents[2] / FOLDER


@dataclass(frozen=True)
class Settings:
    """Which router is served, and on what."""

    folder: Path  # a packaged router
    device: Device = "auto"  # auto takes a GPU where ONNX Runtime offers one
    threads: int = 1  # of one forward pass; passes run side by side

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read POINTSMAN_ROUTER, POINTSMAN_DEVICE and POINTSMAN_THREADS; unset or empty means the default.

        The default folder is models/router of the working folder, else of the checkout or Bento that holds this
        package.

        Raises:
            ServingError: a variable has a value that means nothing.
        """
        given = environment.get("POINTSMAN_ROUTER")
        folder = Path(given) if given else FOLDER if FOLDER.is_dir() else BESIDE_PACKAGE
        return cls(folder, _device(environment), _threads(environment))


def _device(environment: Mapping[str, str]) -> Device:
    value = environment.get("POINTSMAN_DEVICE") or "auto"
    if value not in get_args(Device):
        raise ServingError(f"POINTSMAN_DEVICE is {value!r}, expected one of {', '.join(get_args(Device))}")
    return cast(Device, value)


def _threads(environment: Mapping[str, str]) -> int:
    value = environment.get("POINTSMAN_THREADS") or ""
    if not value:
        return Settings.threads
    if not value.isdecimal() or int(value) < 1:
        raise ServingError(f"POINTSMAN_THREADS is {value!r}, expected a whole number from 1, or unset for 1")
    return int(value)
