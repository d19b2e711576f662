"""Which model name means what."""

import re
from typing import Any, NamedTuple

from pointsman.serving.proxy.errors import ApiError
from pointsman.serving.schemas import Route

NAMES = ("pointsman", "pointsman-weak", "pointsman-strong")
_THRESHOLD = re.compile(r"pointsman-((?:0|1)(?:\.\d{1,9})?|\.\d{1,9})")


class Choice(NamedTuple):
    """What a client asks for: a role of the pair, or routing (null) at a threshold (null: the packaged one)."""

    role: Route | None = None
    threshold: float | None = None


def choose(model: str) -> Choice:
    """Read a model name: `pointsman`, `pointsman-0.35`, `pointsman-weak` or `pointsman-strong`.

    Raises:
        ApiError: 404, there is no such model.
    """
    if model == "pointsman":
        return Choice()
    if model == "pointsman-weak":
        return Choice("weak")
    if model == "pointsman-strong":
        return Choice("strong")
    found = _THRESHOLD.fullmatch(model)
    if found is None or float(found[1]) > 1:
        expected = ", ".join([*NAMES, "or pointsman-THRESHOLD with a threshold from 0 to 1, e.g. pointsman-0.35"])
        raise ApiError(
            404, f"The model {model[:80]!r} does not exist, expected {expected}", code="model_not_found", param="model"
        )
    return Choice(threshold=float(found[1]))


def describe(model: str, created: int) -> dict[str, Any]:
    """A model as `GET /v1/models` lists it; `created` is in seconds since 1970."""
    return {"id": model, "object": "model", "created": created, "owned_by": "pointsman"}
