"""Classification requests, and what their answers say: pure functions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pointsman.llm.types import Answer, Request
from pointsman.routers.base import Floats
from pointsman.routers.calibration import logit
from pointsman.routers.files import RouterError

if TYPE_CHECKING:
    from pointsman.config.routers import LlmRouterConfig

FLOOR = 1e-4
SEPARATOR = "\n---\n"
PLACEHOLDER = "{query}"
CUT = "\n[…]\n"


class Readings(NamedTuple):
    """What the answers to a batch of classification requests say; every array has shape (n,)."""

    raw: Floats  # log-odds of strong; NaN where the answer failed or names no label
    cost: Floats  # of the answer, in its unit; 0 where it failed
    latency_s: Floats  # NaN where nothing was timed
    failed: NDArray[np.bool_]


def classification_requests(
    texts: Sequence[str],
    config: LlmRouterConfig,
    template: str,
    *,
    model_hash: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> list[Request]:
    """One request for each text; the fixed part of the prompt comes first, so that a model reads it once.

    Raises:
        RouterError: the template lacks its separator or its placeholder.
    """
    system, user = split_template(template, config.prompt)
    return [
        Request(
            provider=config.candidate.provider,
            model=config.candidate.model,
            messages=(
                {"role": "system", "content": system},
                {"role": "user", "content": user.replace(PLACEHOLDER, cut(text, config.max_prompt_chars))},
            ),
            max_tokens=config.max_tokens,
            model_hash=model_hash,
            top_logprobs=config.top_logprobs,
            extra=dict(extra or {}),
            shared_chars=user.index(PLACEHOLDER),
        )
        for text in texts
    ]


def split_template(template: str, name: str) -> tuple[str, str]:
    """System and user message of a prompt file.

    Raises:
        RouterError: the file is not a system message, a line `---` and a user message with `{query}`.
    """
    system, separator, user = template.partition(SEPARATOR)
    if not separator or PLACEHOLDER not in user:
        raise RouterError(f"{name}: expected a system message, a line `---` and a user message with {PLACEHOLDER}")
    return system.strip(), user.strip()


def cut(text: str, max_chars: int) -> str:
    """A long text without its middle: what is asked stands at the beginning or at the end."""
    if len(text) <= max_chars:
        return text
    head = max_chars // 2
    return text[:head] + CUT + text[-(max_chars - head) :]


def read_answers(answers: Sequence[Answer], labels: Mapping[str, float]) -> Readings:
    """Raw scores, costs and latencies of answers; a failed one is marked, not guessed."""
    raw = np.array([_raw(answer, labels) for answer in answers], dtype=np.float64)
    return Readings(
        raw=raw,
        cost=np.array([answer.cost or 0.0 for answer in answers], dtype=np.float64),
        latency_s=np.array([math.nan if a.latency_s is None else a.latency_s for a in answers], dtype=np.float64),
        failed=np.isnan(raw),
    )


def _raw(answer: Answer, labels: Mapping[str, float]) -> float:
    """Log-odds of strong: from the first token's candidates, else from the label that the text names."""
    if answer.response is None:
        return math.nan
    weights = dict.fromkeys(labels, 0.0)
    folded = {label.casefold(): label for label in labels}
    for candidate in answer.first_token:
        label = folded.get(candidate.token.strip().casefold())
        if label is not None:
            weights[label] += math.exp(candidate.logprob)
    mass = sum(weights.values())
    if mass > 0:
        return float(logit(sum(weights[label] * labels[label] for label in labels) / mass, FLOOR))
    named = re.search(rf"(?<!\w)({'|'.join(map(re.escape, labels))})(?!\w)", answer.response, re.IGNORECASE)
    return float(logit(labels[folded[named[1].casefold()]], FLOOR)) if named else math.nan
