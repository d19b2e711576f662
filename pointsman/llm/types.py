"""One request type and one answer type for every use of a model."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

Origin = Literal["live", "cache", "recording"]
Outcome = Literal[
    "empty",  # an answer without text
    "filtered",  # stopped by the provider's content filter
    "refused",  # the model or its host says that it will not
    "no_choices",  # HTTP 200 without an answer
    "provider_error",  # HTTP 200 with an error
    "unparsable",  # HTTP 200 that is no JSON, or no whole one
    "rate_limited",  # HTTP 429
    "server_error",  # HTTP 5xx
    "rejected",  # another HTTP status that concerns this request
    "timeout",
    "connection",  # refused, reset, or broken off
]


class Model(NamedTuple):
    """Whom requests go to."""

    provider: str
    name: str


@dataclass(frozen=True)
class Request:
    """What is asked of a model. Everything here may change the answer and is part of the key.

    `model_hash` is the SHA-256 of a local model's weights (null elsewhere). Many requests may share all messages but
    the last and the first `shared_chars` characters of that: a local model then reads them once.
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
    shared_chars: int = 0

    @cached_property
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
        if self.shared_chars and self.model_hash is not None:
            content["shared_chars"] = self.shared_chars
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class Logprob(NamedTuple):
    """A candidate for the first token of an answer."""

    token: str
    logprob: float


@dataclass(frozen=True)
class Answer:
    """What came back: either a response or an error, never both.

    An error begins with its `Outcome` and a colon. `cost` is in US dollars where the provider bills dollars, else in
    relative units (parameters of the local model × tokens / 1e9). `served_by` and `served_model` are the host and the
    model that answered, as the provider says; `first_token` holds the likeliest first tokens, if asked for.
    """

    key: str
    response: str | None
    error: str | None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    served_by: str | None = None
    served_model: str | None = None
    first_token: tuple[Logprob, ...] = ()
    latency_s: float | None = None
    origin: Origin = "live"
