"""What a source of queries yields."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

Reference = dict[str, Any]
Message = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """One query as its source gives it, before duplicates go and a split is assigned.

    `reference` says how an answer is checked and is never shown to a router; `template` groups
    variants of one template, which must fall into the same split. A user's row may bring its own
    `given_id` and `given_split`, and in `given` its scores, ratings, responses and costs.
    """

    prompt: str
    category: str
    family: str
    source: str
    difficulty: str | None = None
    reference: Reference | None = None
    messages: list[Message] | None = None
    template: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    given_id: str | None = None
    given_split: str | None = None
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The given id, or else a stable one: a hash of source, prompt and, where there is one, conversation."""
        said = f"\0{json.dumps(self.messages, sort_keys=True)}" if self.messages else ""
        return self.given_id or hashlib.sha256(f"{self.source}\0{self.prompt}{said}".encode()).hexdigest()[:16]


class Source(Protocol):
    """A module of `pointsman.queries.sources` has one such function, called `generate`."""

    def __call__(self, config: Any, seed: int) -> Iterator[Query]:
        """Yield queries; the same config and seed give the same queries in the same order."""
        ...
