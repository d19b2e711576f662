"""`python -m pointsman.llm check`: whether each model can be asked, before a stage asks it thousands of times."""

import argparse
import asyncio
import time
from dataclasses import dataclass

from openai import APIConnectionError, APIStatusError, AsyncOpenAI

from pointsman.cli import fail, repository_root, say
from pointsman.config.llm import Provider
from pointsman.config.params import Params, load_params
from pointsman.errors import PointsmanError
from pointsman.llm.clients import clients, post_chat
from pointsman.llm.failures import remedy, unreachable
from pointsman.llm.parsing import Sent, parse
from pointsman.llm.providers import Endpoint, endpoint, redact
from pointsman.llm.sending import body_of
from pointsman.llm.types import Model, Request

_QUESTION = ({"role": "user", "content": "Answer with one word: is ice cold?"},)
_LONGEST_TOKENS = 64
_PATIENCE_S = 30.0
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
        _line(True, "key", "not needed" if provider.api_key_env is None else f"{provider.api_key_env} is set")
        hasty = provider.model_copy(update={"timeout_s": provider.timeout_s if where.base_url is None else _PATIENCE_S})
        async with clients(model.name, where, hasty, params.weights, params.llm) as (client, *_):
            return await _Checked(client, model, provider, where).run()
    except PointsmanError as problem:
        return _line(False, "set-up", str(problem))


@dataclass(frozen=True)
class _Checked:
    """One model, with a client of its address."""

    client: AsyncOpenAI
    model: Model
    provider: Provider
    where: Endpoint

    async def run(self) -> bool:
        try:
            if self.where.base_url is None:
                _line(True, "address", "llama.cpp in this process")
            else:
                await self._say_listed(self.where.base_url)
                await self._say_credit()
            return await self._say_answer()
        except APIConnectionError as problem:  # a time-out, too
            base = f"{self.model.provider.upper()}_BASE_URL"
            said = unreachable(problem, self._redact)
            mend = f"check the network, provider.{self.model.provider}.base_url in conf and {base} in .env"
            return _line(False, "address", f"{self.where.base_url} cannot be reached ({said}); {mend}")

    async def _say_listed(self, base_url: str) -> None:
        try:
            names = [one.id async for one in self.client.models.list()]
        except APIStatusError as problem:
            _line(True, "address", f"{base_url} answers")
            _line(False, "models", f"the list cannot be read: {self._words(problem)}")
            return
        _line(True, "address", f"{base_url} answers")
        asked = self.model.name
        close = [name for name in names if asked.split("/")[-1].split(":")[0].lower() in name.lower()]
        similar = f"similar: {', '.join(close[:3])}" if close else f"{len(names)} others are"
        _line(asked in names, "models", f"{asked} is {'listed' if asked in names else f'not listed; {similar}'}")

    async def _say_credit(self) -> None:
        if self.model.provider not in _CREDIT_PATH:
            return
        try:
            path = f"/{_CREDIT_PATH[self.model.provider]}"
            reply = await self.client.get(path, cast_to=dict[str, dict[str, float]])
            left = reply["data"]["total_credits"] - reply["data"]["total_usage"]
        except APIStatusError as problem:
            _line(False, "credit", f"cannot be read: {self._words(problem)}")
        except (KeyError, TypeError):
            _line(False, "credit", "cannot be read: the answer has another form than expected")
        else:
            _line(left > 0, "credit", f"{left:.2f} USD left{'' if left > 0 else '; top it up'}")

    async def _say_answer(self) -> bool:
        request = Request(self.model.provider, self.model.name, _QUESTION, _LONGEST_TOKENS)
        started_s = time.perf_counter()
        try:
            raw = await post_chat(self.client, body_of(request, self.provider))
        except APIStatusError as problem:
            return _line(False, "answer", self._words(problem))
        took_s = time.perf_counter() - started_s
        sent = parse(request, self._redact(raw.text), took_s)
        self._say_price(sent)
        if sent.answer.error is None:
            by = " ".join(filter(None, (sent.answer.served_by, sent.answer.served_model)))
            return _line(True, "answer", f"{sent.answer.response!r} after {took_s:.2f} s, from {by}")
        if sent.answer.finish_reason == "length":
            said = f"no text within {_LONGEST_TOKENS} tokens; it seems to reason first and needs a large max_tokens"
            return _line(True, "answer", f"after {took_s:.2f} s, {said}")
        return _line(False, "answer", self._mend(sent))

    def _say_price(self, sent: Sent) -> None:
        price = self.provider.prices.get(self.model.name)
        if price is not None:
            said = f"${price.prompt_usd_per_1m:g} and ${price.completion_usd_per_1m:g} a million tokens in and out"
            _line(True, "price", f"{said}, as of {price.date}")
        elif self.where.base_url is not None:
            billed = "not in conf" if sent.billed is None else f"the provider bills ${sent.billed:g} for this"
            _line(True, "price", billed)

    def _mend(self, sent: Sent) -> str:
        error = str(sent.answer.error)
        if sent.code is not None:
            return f"{error}; {remedy(sent.code, self.model.provider, self.provider.api_key_env)}"
        if error.startswith(("unparsable", "no_choices")):
            return f"{error}; is the address an OpenAI-compatible one? It mostly ends in /v1"
        return error

    def _words(self, problem: APIStatusError) -> str:
        what = remedy(problem.status_code, self.model.provider, self.provider.api_key_env)
        return self._redact(f"{what}. It says: {problem.message}")

    def _redact(self, text: str) -> str:
        return redact(text, [self.where.api_key])


def _line(good: bool, what: str, said: str) -> bool:
    say(f"  {'ok' if good else 'FAILED':6}  {what:8}  {said}")
    return good
