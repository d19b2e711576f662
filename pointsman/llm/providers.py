"""Addresses, keys and costs of providers."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from dotenv import dotenv_values

from pointsman.config.llm import Candidate, PairConfig, Provider, Weights
from pointsman.llm.errors import ProviderError

USD = "USD"
RELATIVE = "relative"
_HIDDEN = "[hidden]"
_SHORTEST_SECRET_CHARS = 8  # replacing a shorter one would change answers that happen to hold it


class Endpoint(NamedTuple):
    """Where a provider is asked; `base_url` is null where models run in this process."""

    base_url: str | None
    api_key: str | None


def endpoint(name: str, provider: Provider, root: Path, environment: Mapping[str, str] | None = None) -> Endpoint:
    """Address and key, from the environment, else from `root`/.env, else (the address) from conf.

    Raises:
        ProviderError: the key that conf names is not set, or the address has no scheme.
    """
    values = read_environment(root, environment)
    base_url = values.get(f"{name.upper()}_BASE_URL") or provider.base_url
    key = values.get(provider.api_key_env) if provider.api_key_env else None
    if base_url is not None and not base_url.startswith(("http://", "https://")):
        raise ProviderError(f"{name.upper()}_BASE_URL is {base_url!r}, expected an address with http:// or https://")
    if base_url is not None and provider.api_key_env and not key:
        raise ProviderError(
            f"{provider.api_key_env} is not set, and provider {name!r} needs it. "
            f"Put the line {provider.api_key_env}=… into .env (see .env.example); pair=local needs no key"
        )
    key = key.strip() if key else None
    if key is not None and not re.fullmatch(r"[!-~]+", key):
        raise ProviderError(
            f"{provider.api_key_env} holds a character that no key has, such as a space or an ellipsis; "
            f"copy the whole key again into the line {provider.api_key_env}=… of .env"
        )
    return Endpoint(base_url, key)


def read_environment(root: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment (null: the process's), over what `root`/.env sets."""
    written = {name: value for name, value in dotenv_values(root / ".env").items() if value}
    return {**written, **(os.environ if environment is None else environment)}


def redact(text: str, secrets: Iterable[str | None]) -> str:
    """The text without any of the secrets; what is too short to be one, such as a local server's `none`, stays."""
    for secret in secrets:
        if secret and len(secret) >= _SHORTEST_SECRET_CHARS:
            text = text.replace(secret, _HIDDEN)
    return text


def answer_cost(
    provider: Provider,
    weights: Weights | None,
    model: str,
    tokens: tuple[int | None, int | None],
    billed: float | None = None,
) -> float | None:
    """What an answer cost: as billed, else by conf's price (both US dollars), else in a local model's units.

    A local unit is a billion parameters × a token, of the prompt or the answer alike.

    Args:
        provider: who answered.
        weights: of a local model.
        model: its name at the provider.
        tokens: of the prompt and of the answer.
        billed: what the provider says it bills.
    """
    if billed is not None:
        return billed
    prompt, completion = tokens
    if prompt is None or completion is None:
        return None
    price = provider.prices.get(model)
    if price is not None:
        return (prompt * price.prompt_usd_per_1m + completion * price.completion_usd_per_1m) / 1e6
    if weights is not None and weights.parameters is not None and provider.base_url is None:
        return weights.parameters * (prompt + completion) / 1e9
    return None


def cost_unit(pair: PairConfig, providers: Mapping[str, Provider]) -> str:
    """Unit of the pair's costs: `USD` or `relative`.

    Raises:
        ProviderError: one model is billed in dollars and the other is not.
    """
    units = {role: _unit(getattr(pair, role), providers) for role in ("weak", "strong")}
    if len(set(units.values())) > 1:
        role = next(role for role, unit in units.items() if unit == RELATIVE)
        candidate = getattr(pair, role)
        raise ProviderError(
            f"costs of the pair cannot be compared: {units}. Give the local model a price in dollars: "
            f"provider.{candidate.provider}.prices.{candidate.model}: "
            "{prompt_usd_per_1m: …, completion_usd_per_1m: …, date: YYYY-MM-DD}"
        )
    return units["weak"]


def is_billed(provider: Provider, model: str) -> bool:
    """Whether answers of a model cost dollars: not those of a local model, unless conf gives it a price."""
    return provider.base_url is not None or model in provider.prices


def _unit(candidate: Candidate, providers: Mapping[str, Provider]) -> str:
    return USD if is_billed(providers[candidate.provider], candidate.model) else RELATIVE
