"""What asking would cost, before anything is sent."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pointsman.llm.providers import answer_cost, is_billed
from pointsman.llm.shelf import Asking, open_shelf
from pointsman.llm.tokens import prompt_tokens
from pointsman.llm.types import Answer, Request


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

    Prompt tokens are estimated, answers taken at their full length; dollars are null where conf has no price.
    """
    unique = list({request.key: request for request in requests}.values())
    with open_shelf(settings) as shelf:
        found = shelf.find(unique)
    models = dict.fromkeys((request.provider, request.model) for request in unique)
    return [_of_model(model, unique, found, settings) for model in models]


def _of_model(
    model: tuple[str, str], requests: Sequence[Request], found: Mapping[str, Answer], settings: Asking
) -> Estimate:
    own = [request for request in requests if (request.provider, request.model) == model]
    to_ask = [request for request in own if request.key not in found]
    prompt, completion = sum(map(prompt_tokens, to_ask)), sum(request.max_tokens for request in to_ask)
    provider = settings.providers[model[0]]
    billed = is_billed(provider, model[1])
    cost = answer_cost(provider, None, model[1], (prompt, completion)) if billed and to_ask else 0.0
    origins = Counter(found[request.key].origin for request in own if request.key in found)
    hits = (origins["recording"], origins["cache"])
    return Estimate(*model, len(own), *hits, len(to_ask), prompt, completion, cost)


def estimate_table(estimates: Sequence[Estimate]) -> str:
    """The estimates as aligned text, with the sum of dollars."""
    head = (
        "provider",
        "model",
        "requests",
        "recorded",
        "cached",
        "to ask",
        "prompt tokens ≈",
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
