"""`python -m pointsman.llm check`: whether each model can be asked, before a stage asks it thousands of times."""

import argparse
import asyncio
import time

from openai import APIError, AsyncOpenAI

from pointsman.cli import fail, repository_root, say
from pointsman.config.llm import Provider
from pointsman.config.params import Params, load_params
from pointsman.errors import PointsmanError
from pointsman.llm.clients import clients
from pointsman.llm.parsing import parse
from pointsman.llm.providers import Endpoint, endpoint, redact
from pointsman.llm.sending import body_of
from pointsman.llm.types import Model, Request

_QUESTION = ({"role": "user", "content": "Answer with one word: is ice cold?"},)
_LONGEST_TOKENS = 16
_CREDIT_PATH = {"openrouter": "credits"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--provider", help="only this provider's models")
    parser.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> None:
    params = load_params()
    models = [model for model in named_models(params) if options.provider in (None, model.provider)]
    if not models:
        fail(f"params.yaml names no model of provider {options.provider!r}; known are {', '.join(params.provider)}")
    answered = [asyncio.run(check(model, params)) for model in models]
    if not all(answered):
        fail("not every model can be asked")


def named_models(params: Params) -> list[Model]:
    """The pair, the LLM router's model and the judge, each once."""
    candidates = [params.pair.weak, params.pair.strong, params.router.llm.candidate, params.rating.judge.candidate]
    return list(dict.fromkeys(Model(one.provider, one.model) for one in candidates if one is not None))


async def check(model: Model, params: Params) -> bool:
    """Say line by line what works and what does not; returns whether the model answered."""
    say(f"{model.provider}: {model.name}")
    try:
        provider = params.provider[model.provider]
        where = endpoint(model.provider, provider, repository_root())
        _line(True, "address", where.base_url or "llama.cpp in this process")
        _line(True, "key", "not needed" if provider.api_key_env is None else f"{provider.api_key_env} is set")
        async with clients(model.name, where, provider, params.weights, params.llm) as (client, *_):
            await _say_listed(client, model, where)
            await _say_credit(client, model, where)
            return await _say_answer(client, model, provider, where)
    except (PointsmanError, KeyError) as problem:
        return _line(False, "set-up", str(problem))


async def _say_listed(client: AsyncOpenAI, model: Model, where: Endpoint) -> None:
    if where.base_url is None:
        return
    try:
        names = [one.id async for one in client.models.list()]
    except APIError as problem:
        _line(False, "models", redact(f"the list cannot be read: {problem}", [where.api_key]))
        return
    close = [name for name in names if model.name.split("/")[-1].split(":")[0].lower() in name.lower()]
    listed = f"{model.name} is listed" if model.name in names else f"{model.name} is not listed; close: {close[:3]}"
    _line(model.name in names, "models", listed)


async def _say_credit(client: AsyncOpenAI, model: Model, where: Endpoint) -> None:
    if model.provider not in _CREDIT_PATH:
        return
    try:
        reply = await client.get(f"/{_CREDIT_PATH[model.provider]}", cast_to=dict[str, dict[str, float]])
        left = reply["data"]["total_credits"] - reply["data"]["total_usage"]
        _line(left > 0, "credit", f"${left:.2f} left")
    except (APIError, KeyError, TypeError) as problem:
        _line(False, "credit", redact(f"cannot be read: {problem}", [where.api_key]))


async def _say_answer(client: AsyncOpenAI, model: Model, provider: Provider, where: Endpoint) -> bool:
    request = Request(model.provider, model.name, _QUESTION, _LONGEST_TOKENS)
    started_s = time.perf_counter()
    try:
        raw = (await client.chat.completions.with_raw_response.create(**body_of(request, provider))).http_response
    except APIError as problem:
        return _line(False, "answer", redact(str(problem), [where.api_key]))
    took_s = time.perf_counter() - started_s
    sent = parse(request, raw.text, took_s)
    price = provider.prices.get(model.name)
    if price is not None:
        said = f"${price.prompt_usd_per_1m:g} and ${price.completion_usd_per_1m:g} a million tokens in and out"
        _line(True, "price", f"{said}, as of {price.date}")
    elif where.base_url is not None:
        _line(True, "price", "not in conf" if sent.billed is None else f"the provider bills ${sent.billed:g} for this")
    if sent.answer.error is not None:
        return _line(False, "answer", redact(sent.answer.error, [where.api_key]))
    by = " ".join(filter(None, (sent.answer.served_by, sent.answer.served_model)))
    return _line(True, "answer", f"{sent.answer.response!r} after {took_s:.2f} s, from {by}")


def _line(good: bool, what: str, said: str) -> bool:
    say(f"  {'ok' if good else 'FAILED':6}  {what:8}  {said}")
    return good
