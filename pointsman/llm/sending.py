"""One request to a provider: within its limits and the budget, repeated while that helps, kept once answered."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt, wait_random_exponential

from pointsman.config.llm import LlmConfig, Provider, Weights
from pointsman.errors import PointsmanError
from pointsman.llm.budget import Budget, Purse, upper_cost_usd
from pointsman.llm.clients import post_chat
from pointsman.llm.errors import ProviderError
from pointsman.llm.failures import check_said, connection_failure, gone, status_failure, timeout, unsendable
from pointsman.llm.limits import Limits
from pointsman.llm.parsing import Sent, parse
from pointsman.llm.prefix import REUSE, Beginnings
from pointsman.llm.progress import Progress
from pointsman.llm.providers import Endpoint, is_billed, redact
from pointsman.llm.types import Answer, Request

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
LOST_IN_A_ROW = 10  # requests failed for good, none answered between them: the provider is gone

Keep = Callable[[Request, Answer, float | None], Awaitable[Answer]]


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
class Job:
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
    stop: PointsmanError | None = None
    lost_in_a_row: int = 0
    _waiting: set[asyncio.Task[Any]] = field(default_factory=set)

    def halt(self, problem: PointsmanError) -> None:
        """Send nothing more: what waits is cancelled, what is under way comes to its end."""
        self.stop = self.stop or problem
        for task in self._waiting:
            task.cancel()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The current task has nothing under way: `halt` may cancel it."""
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            yield
        finally:
            self._waiting.discard(task)

    def redact(self, text: str) -> str:
        """A provider may repeat the key in what it says."""
        return redact(text, [self.where.api_key])


async def ask_one(client: AsyncOpenAI, request: Request, job: Job) -> Answer:
    """One answer: what fails and may pass is tried again, at least as late as the provider asks.

    Raises:
        PointsmanError: no further request should be sent, or the answer cannot be kept.
    """

    def pause_s(state: RetryCallState) -> float:
        job.progress.repeat()
        after_s = state.outcome.result().after_s if state.outcome else None
        if after_s is not None:
            return float(after_s) + random.uniform(0.0, FIRST_PAUSE_S * state.attempt_number / 10)
        return wait_random_exponential(FIRST_PAUSE_S, LONGEST_PAUSE_S)(state)

    async def sleep(seconds: float) -> None:
        with job.waiting():
            await asyncio.sleep(seconds)

    retrying = AsyncRetrying(
        sleep=sleep,
        stop=stop_after_attempt(job.provider.max_retries + 1),
        wait=pause_s,
        retry=retry_if_result(lambda sent: sent.passing and job.stop is None),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    sent: Sent = await retrying(_try, client, request, job)
    if sent.passing and job.stop is None:  # still, after the last try
        job.lost_in_a_row += 1
        if job.lost_in_a_row >= LOST_IN_A_ROW:
            raise gone(request, job.name, job.lost_in_a_row, str(sent.answer.error))
    return sent.answer


async def _try(client: AsyncOpenAI, request: Request, job: Job) -> Sent:
    """Send once, when limits and budget allow it; an answer is kept before its place is given to another."""
    upper_usd = _upper_usd(request, job)
    with job.waiting():
        ticket = await job.limits.enter(request)
    sent = None
    try:
        async with job.purse.charge(upper_usd) as charge:
            if job.stop is not None:  # while this one waited for the budget
                raise job.stop
            charge.usd = upper_usd  # until it is known: the provider may bill what is broken off here
            try:
                sent = await _send(client, request, job)
            except ProviderError:
                charge.usd = 0.0
                raise
            if sent.answer.error is None:
                sent = sent._replace(answer=await job.live.keep(request, sent.answer, sent.billed))
            charge.usd = _paid_usd(sent, request, job, upper_usd)
            return sent
    finally:
        answered = sent is not None and sent.answer.error is None
        job.limits.window.leave(ticket, overloaded=sent is not None and sent.overloaded, answered=answered)


async def _send(client: AsyncOpenAI, request: Request, job: Job) -> Sent:
    started_s = time.perf_counter()
    body = body_of(request, job.provider)
    try:
        async with asyncio.timeout(job.provider.timeout_s):  # the client's own time-out starts anew with each byte
            if request.shared_chars and job.where.base_url is None:
                await job.beginnings.restore(client, request)
                body |= REUSE
            raw = await post_chat(client, body)
    except UnicodeEncodeError as problem:
        return unsendable(request, problem)
    except (TimeoutError, APITimeoutError):
        return timeout(request, job.provider.timeout_s)
    except APIStatusError as problem:
        job.limits.read(problem.response.headers)
        sent = status_failure(request, problem, job.name, job.provider.api_key_env, job.redact)
        if sent.overloaded and sent.after_s is not None:
            job.limits.close(sent.after_s)
        return sent
    except APIConnectionError as problem:
        return connection_failure(request, problem, job.redact)
    job.limits.read(raw.headers)
    sent = parse(request, job.redact(raw.text), time.perf_counter() - started_s)
    check_said(request, sent, job.name, job.provider.api_key_env)
    return sent


def body_of(request: Request, provider: Provider) -> dict[str, Any]:
    """What is sent for a request."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": list(request.messages),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
    }
    if request.top_logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    if request.response_format is not None:
        body["response_format"] = request.response_format
    return {**body, **provider.extra_body, **request.extra}


def _upper_usd(request: Request, job: Job) -> float:
    """The most that the request can cost in dollars; 0 where nothing is billed or no price is known."""
    price = job.provider.prices.get(request.model)
    return 0.0 if price is None else upper_cost_usd(request, price)


def _paid_usd(sent: Sent, request: Request, job: Job, upper_usd: float) -> float:
    if sent.maybe_billed:
        return upper_usd if sent.billed is None else sent.billed
    if sent.answer.error is not None or not is_billed(job.provider, request.model):
        return 0.0
    return upper_usd if sent.answer.cost is None else sent.answer.cost
