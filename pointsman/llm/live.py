"""Live calls: workers that share a stream of requests to one provider."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from openai import AsyncOpenAI

from pointsman.config.llm import Provider
from pointsman.errors import PointsmanError
from pointsman.llm.budget import Purse
from pointsman.llm.clients import clients
from pointsman.llm.limits import Limits
from pointsman.llm.progress import Progress
from pointsman.llm.providers import endpoint, is_billed
from pointsman.llm.sending import Job, Live, ask_one
from pointsman.llm.types import Model, Request

_log = logging.getLogger(__name__)


class Group(NamedTuple):
    """Requests that are asked together: a provider's, or those to one model in this process."""

    provider: str
    model: str | None  # null: any
    requests: int

    def takes(self, request: Request) -> bool:
        """Whether the request belongs here."""
        return self.provider == request.provider and self.model in (None, request.model)


async def ask_live(
    groups: Iterable[Group], source: Callable[[Group], Iterable[Request]], live: Live, what: str
) -> None:
    """Ask every request of every group, one group after the other; requests are drawn as places become free.

    Raises:
        ProviderError, BudgetError, CacheError: after the requests under way have been answered and kept.
    """
    groups = list(groups)
    purse = Purse(live.budget, live.llm.budget_usd)
    with Progress(what, sum(group.requests for group in groups)) as progress:
        for group in groups:
            provider = live.providers[group.provider]
            where = endpoint(group.provider, provider, live.root)
            requests = iter(source(group))
            job = Job(group.provider, provider, where, requests, Limits(provider), purse, live, progress)
            async with clients(group.model, where, provider, live.weights, live.llm) as workers:
                await _finish([asyncio.create_task(_work(client, job)) for client in workers], job, what)
            if job.stop is not None:
                left = sum(group.requests for group in groups) - progress.done
                said = job.redact(str(job.stop))
                raise type(job.stop)(f"{what}: {left} of {progress.done + left} are left undone. {said}") from None


async def _finish(workers: Sequence[asyncio.Task[None]], job: Job, what: str) -> None:
    """Wait for the workers. After Ctrl-C nothing more is sent, and what is under way, and paid for, is kept."""
    try:
        await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
    except asyncio.CancelledError:
        patience = f"at most {job.provider.timeout_s:g} s; Ctrl-C again gives them up"
        _log.warning("%s: stopping; waiting for the answers under way, %s", what, patience)
        job.halt(PointsmanError("stopped"))
        await asyncio.wait(workers)
        raise
    await asyncio.gather(*workers)  # raises what one of them did not expect


async def _work(client: AsyncOpenAI, job: Job) -> None:
    """Take requests until none is left or the provider has to be left alone."""
    for request in job.source:
        try:
            answer = await ask_one(client, request, job)
        except PointsmanError as problem:
            job.halt(problem)
        except asyncio.CancelledError:
            if job.stop is None:
                raise
        else:
            if answer.error is not None:
                job.live.lose(request, answer)
            job.progress.answer(answer, billed=is_billed(job.provider, request.model))
            job.lost_in_a_row = 0 if answer.error is None else job.lost_in_a_row
        if job.stop is not None:
            return


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
