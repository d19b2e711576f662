"""Live calls: workers that share a stream of requests to one provider."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt, wait_random_exponential

from pointsman.config.llm import LlmConfig, Provider, Weights
from pointsman.llm.budget import Budget, Purse, upper_cost_usd
from pointsman.llm.clients import clients
from pointsman.llm.errors import BudgetError, ProviderError
from pointsman.llm.failures import connection_failure, gone, status_failure, timeout
from pointsman.llm.limits import Limits
from pointsman.llm.parsing import Sent, parse
from pointsman.llm.prefix import REUSE, Beginnings
from pointsman.llm.progress import Progress
from pointsman.llm.providers import Endpoint, endpoint, is_billed, redact
from pointsman.llm.types import Answer, Model, Request

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
LOST_IN_A_ROW = 10  # requests failed for good, none answered between them: the provider is gone

Keep = Callable[[Request, Answer, float | None], Awaitable[Answer]]


class Group(NamedTuple):
    """Requests that are asked together: a provider's, or those to one model in this process."""

    provider: str
    model: str | None  # null: any
    requests: int

    def takes(self, request: Request) -> bool:
        """Whether the request belongs here."""
        return self.provider == request.provider and self.model in (None, request.model)


@dataclass(frozen=True)
class Live:
    """What live calls need; `keep` stores an answer for good and returns it with its cost, `lose` notes a failure."""

    llm: LlmConfig
    providers: Mapping[str, Provider]
    weights: Mapping[str, Weights]
    root: Path
    budget: Budget
    keep: Keep
    lose: Callable[[Request, Answer], None]


@dataclass
class _Job:
    """Requests of one group, on their way."""

    name: str
    provider: Provider
    where: Endpoint
    source: Iterator[Request]
    limits: Limits
    purse: Purse
    live: Live
    progress: Progress
    beginnings: Beginnings = field(default_factory=Beginnings)
    stop: Exception | None = None
    lost_in_a_row: int = 0


async def ask_live(
    groups: Iterable[Group], source: Callable[[Group], Iterable[Request]], live: Live, what: str
) -> None:
    """Ask every request of every group, one group after the other; requests are drawn as places become free.

    Raises:
        ProviderError, BudgetError: after the requests under way have been answered and kept.
    """
    groups = list(groups)
    purse = Purse(live.budget, live.llm.budget_usd)
    with Progress(what, sum(group.requests for group in groups)) as progress:
        for group in groups:
            provider = live.providers[group.provider]
            where = endpoint(group.provider, provider, live.root)
            requests = iter(source(group))
            job = _Job(group.provider, provider, where, requests, Limits(provider), purse, live, progress)
            async with clients(group.model, where, provider, live.weights, live.llm) as workers:
                await asyncio.gather(*(_work(client, job) for client in workers))
            if job.stop is not None:
                left = sum(group.requests for group in groups) - progress.done
                said = redact(str(job.stop), [where.api_key])
                raise type(job.stop)(f"{what}: {left} of {progress.done + left} are left undone. {said}") from None


async def _work(client: AsyncOpenAI, job: _Job) -> None:
    """Take requests until none is left or the provider has to be left alone."""
    for request in job.source:
        try:
            answer = await _ask(client, request, job)
        except (ProviderError, BudgetError) as problem:
            job.stop = job.stop or problem
        else:
            if answer.error is not None:
                job.live.lose(request, answer)
            job.progress.answer(answer, billed=is_billed(job.provider, request.model))
            job.lost_in_a_row = 0 if answer.error is None else job.lost_in_a_row
        if job.stop is not None:
            return


async def _ask(client: AsyncOpenAI, request: Request, job: _Job) -> Answer:
    """One answer: what fails and may pass is tried again, at least as late as the provider asks."""

    def again(state: RetryCallState) -> float:
        job.progress.repeat()
        after_s = state.outcome.result().after_s if state.outcome else None
        if after_s is not None:
            return float(after_s) + random.uniform(0.0, FIRST_PAUSE_S * state.attempt_number / 10)
        return wait_random_exponential(FIRST_PAUSE_S, LONGEST_PAUSE_S)(state)

    retrying = AsyncRetrying(
        stop=stop_after_attempt(job.provider.max_retries + 1),
        wait=again,
        retry=retry_if_result(lambda sent: sent.passing and job.stop is None),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    sent: Sent = await retrying(_try, client, request, job)
    if sent.passing:  # still, after the last try
        job.lost_in_a_row += 1
        if job.lost_in_a_row >= LOST_IN_A_ROW:
            raise gone(request, job.name, job.lost_in_a_row, str(sent.answer.error))
    return sent.answer if sent.answer.error is None else _redacted(sent.answer, job)


def _redacted(answer: Answer, job: _Job) -> Answer:
    """A provider may repeat the key in what it says of a failure."""
    return replace(answer, error=redact(str(answer.error), [job.where.api_key]))


async def _try(client: AsyncOpenAI, request: Request, job: _Job) -> Sent:
    """Send once, when limits and budget allow it; an answer is kept before its place is given to another."""
    upper_usd = _upper_usd(request, job)
    ticket = await job.limits.enter(request)
    sent = None
    try:
        async with job.purse.charge(upper_usd) as charge:
            sent = await _send(client, request, job)
            if sent.answer.error is None:
                sent = sent._replace(answer=await job.live.keep(request, sent.answer, sent.billed))
            charge.usd = _paid_usd(sent, request, job, upper_usd)
            return sent
    finally:
        answered = sent is not None and sent.answer.error is None
        job.limits.window.leave(ticket, overloaded=sent is not None and sent.overloaded, answered=answered)


async def _send(client: AsyncOpenAI, request: Request, job: _Job) -> Sent:
    started_s = time.perf_counter()
    body = body_of(request, job.provider)
    try:
        async with asyncio.timeout(job.provider.timeout_s):  # the client's own time-out starts anew with each byte
            if request.shared_chars and job.where.base_url is None:
                await job.beginnings.restore(client, request)
                body["extra_body"] |= REUSE
            raw = (await client.chat.completions.with_raw_response.create(**body)).http_response
    except (TimeoutError, APITimeoutError):
        return timeout(request, job.provider.timeout_s)
    except APIStatusError as problem:
        job.limits.read(problem.response.headers)
        return status_failure(request, problem, job.name, job.provider.api_key_env)
    except APIConnectionError as problem:
        return connection_failure(request, problem)
    job.limits.read(raw.headers)
    return parse(request, raw.text, time.perf_counter() - started_s)


def body_of(request: Request, provider: Provider) -> dict[str, Any]:
    """What is sent for a request."""
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


def _upper_usd(request: Request, job: _Job) -> float:
    """The most that the request can cost in dollars; 0 where nothing is billed or no price is known."""
    price = job.provider.prices.get(request.model)
    return 0.0 if price is None else upper_cost_usd(request, price)


def _paid_usd(sent: Sent, request: Request, job: _Job, upper_usd: float) -> float:
    if sent.maybe_billed:
        return upper_usd
    if sent.answer.error is not None or not is_billed(job.provider, request.model):
        return 0.0
    return upper_usd if sent.answer.cost is None else sent.answer.cost


def groups_of(models: Mapping[Model, int], providers: Mapping[str, Provider]) -> list[Group]:
    """One group for an address; where models run in this process, one for each model.

    Args:
        models: how many requests go to each model.
        providers: of conf.
    """
    groups: dict[tuple[str, str | None], int] = {}
    for (provider, name), count in models.items():
        group = (provider, name if providers[provider].base_url is None else None)
        groups[group] = groups.get(group, 0) + count
    return [Group(provider, name, count) for (provider, name), count in groups.items()]
