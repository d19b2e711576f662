"""What a router is, and how one is found by its name. Imports no torch, pandas or hydra: serving uses it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SYSTEM_ROLES = ("system", "developer")  # newer models of OpenAI call it developer
# Of a system message. A longer one would push the user's message out of the tokens that a router reads. No setting:
# one that differed between training and serving would spoil the scores, and nobody would see it.
CONTEXT_CHARS = 500


class Scored(NamedTuple):
    """Scores of a batch of queries."""

    score: Floats  # shape (n,): calibrated probability that gain > 0, in [0, 1]
    raw: Floats  # shape (n,): before calibration, any real number, same order
    cost: Floats  # shape (n,): what scoring itself cost, in the unit of the answers' costs


class Scorer(Protocol):
    """What scores queries. Route strong if and only if score > threshold."""

    @property
    def name(self) -> str:
        """Name in the registry."""
        ...

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:
        """Score queries, given as `router_text` makes them; embeddings (n, d) spare the encoder its work."""
        ...


class Router(Scorer, Protocol):
    """A fitted router that can be kept."""

    def save(self, folder: Path) -> None:
        """Write router.json and, where there are any, weights as safetensors."""
        ...


def router_text(prompt: str, messages: Sequence[dict[str, Any]] | None = None) -> str:
    """What a router reads of a query, in training and in serving alike.

    Of a conversation it is the beginning of the system message (CONTEXT_CHARS) and the last user message's text,
    the latter last; of a plain prompt, the prompt.
    """
    if not messages:
        return prompt
    users = [_content(message) for message in messages if message.get("role") == "user"]
    system = [_content(message)[:CONTEXT_CHARS] for message in messages if message.get("role") in SYSTEM_ROLES]
    return "\n\n".join(text for text in [*system[:1], *users[-1:]] if text)


def is_conversation(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    """Whether `router_text` can read a value: a list of objects with a role and, as content, text or parts."""
    return isinstance(value, list) and all(map(_is_message, value))


def _is_message(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("role"), str):
        return False
    content = value.get("content")
    return content is None or isinstance(content, str) or (isinstance(content, list) and all(map(_is_part, content)))


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("text"), str | None)


def _content(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part.get("type") == "text" and part.get("text"))
