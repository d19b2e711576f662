"""One request type and one answer type for every use of a model."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Origin = Literal["live", "cache", "recording"]


@dataclass(frozen=True)
class Request:
    """What is asked of a model. Everything here may change the answer and is part of the key.

    `model_hash` is the SHA-256 of a local model's weights (null elsewhere).
    """

    provider: str
    model: str
    messages: tuple[dict[str, Any], ...]
    max_tokens: int
    temperature: float = 0.0
    model_hash: str | None = None
    top_logprobs: int | None = None
    response_format: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """SHA-256 over model, messages and sampling parameters."""
        content = {
            "model": self.model,
            "model_hash": self.model_hash,
            "messages": self.messages,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "top_logprobs": self.top_logprobs,
            "response_format": self.response_format,
            "extra": self.extra,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class Logprob(NamedTuple):
    """A candidate for the first token of an answer."""

    token: str
    logprob: float


@dataclass(frozen=True)
class Answer:
    """What came back: either a response or an error, never both.

    `cost` is in US dollars where the provider bills dollars, else in relative units (parameters of
    the local model × tokens / 1e9); `first_token` holds the likeliest first tokens, if asked for.
    """

    key: str
    response: str | None
    error: str | None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    served_by: str | None = None
    first_token: tuple[Logprob, ...] = ()
    latency_s: float | None = None
    origin: Origin = "live"
