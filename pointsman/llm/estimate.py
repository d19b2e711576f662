"""What asking would cost, before anything is sent."""

from collections.abc import Sequence
from typing import NamedTuple

from pointsman.llm.cache import opened
from pointsman.llm.client import Asking, cached, recorded
from pointsman.llm.providers import answer_cost, is_billed
from pointsman.llm.types import Request

_CHARS_PER_TOKEN = 4


class Estimate(NamedTuple):
    """Of one model: how many answers are there, and what the rest would take."""

    provider: str
    model: str
    requests: int
    recorded: int
    cached: int
    to_ask: int
    prompt_tokens: int
    max_completion_tokens: int
    max_cost_usd: float | None


def estimate(requests: Sequence[Request], settings: Asking) -> list[Estimate]:
    """One line for each model; equal requests count once.

    Prompt tokens are estimated at four characters each, answers at their full length; dollars are
    null where conf has no price.
    """
    unique = list({request.key: request for request in requests}.values())
    in_recordings = set(recorded(unique, settings))
    rest = [request for request in unique if request.key not in in_recordings]
    in_cache: set[str] = set()
    if rest and settings.cache_file.exists():
        with opened(settings.cache_file) as cache:
            in_cache = set(cached(rest, settings, cache))
    models = dict.fromkeys((request.provider, request.model) for request in unique)
    return [_of_model(model, unique, in_recordings, in_cache, settings) for model in models]


def _of_model(
    model: tuple[str, str], requests: Sequence[Request], in_recordings: set[str], in_cache: set[str], settings: Asking
) -> Estimate:
    own = [request for request in requests if (request.provider, request.model) == model]
    to_ask = [request for request in own if request.key not in in_recordings | in_cache]
    characters = sum(len(str(message.get("content", ""))) for request in to_ask for message in request.messages)
    prompt, completion = characters // _CHARS_PER_TOKEN, sum(request.max_tokens for request in to_ask)
    provider = settings.providers[model[0]]
    billed = is_billed(provider, model[1])
    cost = answer_cost(provider, None, model[1], (prompt, completion)) if billed and to_ask else 0.0
    hits = [sum(request.key in found for request in own) for found in (in_recordings, in_cache)]
    return Estimate(*model, len(own), hits[0], hits[1], len(to_ask), prompt, completion, cost)


def estimate_table(estimates: Sequence[Estimate]) -> str:
    """The estimates as aligned text, with the sum of dollars."""
    head = (
        "provider",
        "model",
        "requests",
        "recorded",
        "cached",
        "to ask",
        "prompt tokens",
        "answer tokens ≤",
        "USD ≤",
    )
    lines = [head, *((*map(str, line[:-1]), _dollars(line.max_cost_usd)) for line in estimates)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    table = "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    unknown = [line.model for line in estimates if line.max_cost_usd is None]
    if unknown:
        return f"{table}\nno price in conf (provider.*.prices) of: {', '.join(unknown)}"
    return f"{table}\nat most ${sum(line.max_cost_usd or 0.0 for line in estimates):.4f}"


def _dollars(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"
