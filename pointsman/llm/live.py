"""Live calls: workers that share a queue of requests."""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openai import APIError, APIStatusError, AsyncOpenAI
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt, wait_random_exponential
from tqdm import tqdm

from pointsman.config.llm import LlmConfig, Provider, Weights
from pointsman.llm.budget import Budget, upper_cost_usd
from pointsman.llm.clients import clients
from pointsman.llm.errors import BudgetError, ProviderError
from pointsman.llm.failures import status_failure
from pointsman.llm.limits import Pace
from pointsman.llm.parsing import Parsed, failure, parse
from pointsman.llm.providers import Endpoint, endpoint, is_billed, redact
from pointsman.llm.types import Answer, Request

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

Keep = Callable[[Request, Answer, float | None], Answer]


@dataclass(frozen=True)
class Live:
    """What live calls need; `keep` stores an answer for good and returns it with its cost."""

    llm: LlmConfig
    providers: Mapping[str, Provider]
    weights: Mapping[str, Weights]
    root: Path
    budget: Budget
    keep: Keep


@dataclass
class _Job:
    """Requests to one provider, on their way."""

    name: str
    provider: Provider
    secret: str | None
    queue: list[Request]
    pace: Pace
    bar: "tqdm[Any]"
    stop: Exception | None = None


@dataclass
class _Tally:
    """What the progress bar shows."""

    failed: int = 0
    cost: float = 0.0


async def ask_live(requests: Sequence[Request], live: Live, what: str) -> None:
    """Ask every request; one model at a time where models run in this process.

    Raises:
        ProviderError, BudgetError: after the requests under way have been answered and kept.
    """
    tally = _Tally()
    with tqdm(total=len(requests), desc=what, unit="answer", mininterval=_interval_s(), smoothing=0.05) as bar:
        for name in dict.fromkeys(request.provider for request in requests):
            provider = live.providers[name]
            where = endpoint(name, provider, live.root)
            for group in _groups([request for request in requests if request.provider == name], where):
                job = _Job(name, provider, where.api_key, group[::-1], Pace(provider), bar)
                async with clients(group[0].model, where, provider, live.weights, live.llm) as workers:
                    await asyncio.gather(*(_work(client, job, live, tally) for client in workers))
                if job.stop is not None:
                    raise job.stop


def _interval_s() -> float:
    return 0.2 if sys.stderr.isatty() else 15.0


def _groups(requests: list[Request], where: Endpoint) -> list[list[Request]]:
    """One group for an address; where models run in this process, one for each model."""
    if where.base_url is not None:
        return [requests]
    return [[r for r in requests if r.model == model] for model in dict.fromkeys(r.model for r in requests)]


async def _work(client: AsyncOpenAI, job: _Job, live: Live, tally: _Tally) -> None:
    """Take requests until none is left or the provider has to be left alone."""
    while job.queue and job.stop is None:
        request = job.queue.pop()
        await job.pace.wait(request)
        try:
            answer = await _ask_one(client, request, job, live)
        except (ProviderError, BudgetError) as problem:
            job.stop = job.stop or problem
            return
        tally.failed += answer.error is not None
        tally.cost += answer.cost or 0.0
        job.bar.set_postfix(cost=f"{tally.cost:.4g}", failed=tally.failed, refresh=False)
        job.bar.update()


async def _ask_one(client: AsyncOpenAI, request: Request, job: _Job, live: Live) -> Answer:
    upper_usd = _upper_usd(request, job, live)
    live.budget.reserve(upper_usd, live.llm.budget_usd)
    spent_usd = upper_usd  # what is billed for a request that breaks off is not known
    try:
        parsed = await _send(client, request, job)
        error = parsed.answer.error and redact(parsed.answer.error, [job.secret])
        answer = live.keep(request, replace(parsed.answer, error=error), parsed.billed)
        spent_usd = _spent_usd(answer, request, job, upper_usd)
    except APIStatusError as problem:
        spent_usd = 0.0
        answer = status_failure(request, problem, job.name, job.provider.api_key_env, job.secret)
        return live.keep(request, answer, None)
    except APIError as problem:
        message = redact(f"{type(problem).__name__}: {problem}", [job.secret])
        return live.keep(request, failure(request, message), None)
    finally:
        live.budget.settle(upper_usd, spent_usd)
    return answer


async def _send(client: AsyncOpenAI, request: Request, job: _Job) -> Parsed:
    """One answer; the client repeats what fails with a status, this function what fails inside an HTTP 200."""

    async def attempt() -> Parsed:
        started = time.perf_counter()
        sent = await client.chat.completions.with_raw_response.create(**_body(request, job.provider))
        return parse(request, sent.http_response.text, time.perf_counter() - started)

    retrying = AsyncRetrying(
        stop=stop_after_attempt(job.provider.max_retries + 1),
        wait=wait_random_exponential(FIRST_PAUSE_S, LONGEST_PAUSE_S),
        retry=retry_if_result(lambda parsed: parsed.passing),
        retry_error_callback=_last_result,
    )
    parsed: Parsed = await retrying(attempt)
    return parsed


def _last_result(state: RetryCallState) -> Any:
    return state.outcome.result() if state.outcome else None


def _body(request: Request, provider: Provider) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": request.model,
        "messages": list(request.messages),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "extra_body": {**provider.extra_body, **request.extra},
    }
    if request.top_logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    if request.response_format is not None:
        body["response_format"] = request.response_format
    return body


def _upper_usd(request: Request, job: _Job, live: Live) -> float:
    """The most that the request can cost in dollars; 0 where nothing is billed or nothing is capped."""
    price = job.provider.prices.get(request.model)
    if price is not None:
        return upper_cost_usd(request, price)
    if live.llm.budget_usd is None or not is_billed(job.provider, request.model):
        return 0.0
    raise BudgetError(
        f"llm.budget_usd = ${live.llm.budget_usd:g} cannot be kept: conf has no price of {request.model}. Add "
        f"provider.{job.name}.prices.{request.model}: {{prompt_usd_per_1m: …, completion_usd_per_1m: …, date: …}} "
        "(0 where nothing is billed), or set llm.budget_usd to null"
    )


def _spent_usd(answer: Answer, request: Request, job: _Job, upper_usd: float) -> float:
    if not is_billed(job.provider, request.model) or answer.error is not None:
        return 0.0
    return upper_usd if answer.cost is None else answer.cost
