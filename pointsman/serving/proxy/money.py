"""Tokens and US dollars of an answer."""

from typing import Any, NamedTuple

from pointsman.config.llm import Price


class Usage(NamedTuple):
    """What a model says that an answer used; null where it does not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    billed_usd: float | None = None


def read_usage(data: dict[str, Any]) -> Usage | None:
    """The usage of an answer or of a stream's chunk, null where there is none."""
    usage = data.get("usage")
    if not isinstance(usage, dict):
        return None
    return Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")), _amount(usage.get("cost")))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _amount(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value >= 0 else None


def at_price(usage: Usage, price: Price | None) -> float | None:
    """What these tokens cost at a price, US dollars."""
    if price is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    prompt = usage.prompt_tokens * price.prompt_usd_per_1m
    return (prompt + usage.completion_tokens * price.completion_usd_per_1m) / 1e6


def cost_usd(usage: Usage, price: Price | None) -> float | None:
    """What an answer cost: as billed, else by the price."""
    return usage.billed_usd if usage.billed_usd is not None else at_price(usage, price)


def saved_usd(usage: Usage, paid_usd: float | None, is_strong: bool, strong: Price | None) -> float | None:
    """What strong's answer of the same length would have cost more; negative where it would have cost less."""
    if is_strong:
        return 0.0
    instead = at_price(usage, strong)
    return None if instead is None or paid_usd is None else instead - paid_usd
