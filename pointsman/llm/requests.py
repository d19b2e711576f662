"""Requests for the answers of the weak and the strong model."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pointsman.config.llm import PairConfig, Weights
from pointsman.llm.types import Request
from pointsman.llm.weights import model_hash


def response_requests(
    queries: pd.DataFrame, role: str, pair: PairConfig, weights: Mapping[str, Weights]
) -> list[Request]:
    """One request for each query, in their order: the system message of the pair, then conversation or prompt.

    Args:
        queries: the QUERIES table, or rows of it.
        role: weak or strong.
        pair: who is asked, and how.
        weights: of local models; their hash is part of a request's key.
    """
    candidate = getattr(pair, role)
    digest = model_hash(candidate.model, weights) if candidate.provider == "local" else None
    columns = (queries[name] for name in ("prompt", "messages", "category"))
    return [
        Request(
            provider=candidate.provider,
            model=candidate.model,
            messages=_messages(pair.system, prompt, conversation),
            max_tokens=pair.max_tokens.get(category, pair.max_tokens["default"]),
            temperature=pair.temperature,
            model_hash=digest,
        )
        for prompt, conversation, category in zip(*columns, strict=True)
    ]


def _messages(system: str | None, prompt: str, conversation: Any) -> tuple[dict[str, Any], ...]:
    own = list(conversation) if isinstance(conversation, list) and conversation else []
    first = [{"role": "system", "content": system}] if system else []
    return (*first, *(own or [{"role": "user", "content": prompt}]))
