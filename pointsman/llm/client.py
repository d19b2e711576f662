"""Asking: recordings first, then the cache, then the model itself."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from pointsman.llm.cache import Entry, Kept
from pointsman.llm.errors import MissingAnswersError
from pointsman.llm.preflight import check_before_asking
from pointsman.llm.providers import is_billed
from pointsman.llm.shelf import Asking, Shelf, open_shelf
from pointsman.llm.types import Answer, Model, Request
from pointsman.llm.writer import writing

if TYPE_CHECKING:
    from pointsman.llm.live import Group

_log = logging.getLogger(__name__)
_CHUNK = 500


def ask(requests: Collection[Request], settings: Asking, *, what: str) -> list[Answer]:
    """Answers in the order of the requests; `answers` with everything in memory."""
    return list(answers(requests, settings, what=what))


def answers(requests: Collection[Request], settings: Asking, *, what: str) -> Iterator[Answer]:
    """Answers in the order of the requests; equal requests are asked once.

    The first answer comes when all requests are answered: until then they are kept on disk, not in memory, and so
    may be as many as the disk holds. A request that failed for good has an answer with `error`; it is not cached, so
    that the next run asks it again.

    Args:
        requests: any mix of providers and models; they are iterated over several times.
        settings: made of params.yaml's sections.
        what: names the work on the progress bar.

    Raises:
        MissingAnswersError: something is to be asked and `llm.on_miss` is `fail`.
        ProviderError: a provider refuses every request, or conf does not say how to ask it.
        BudgetError: the next request could cross `llm.budget_usd`.
    """
    with open_shelf(settings) as shelf, settings.ledger.written(settings.stage, settings.budget):
        missing = _missing(requests, shelf, settings)
        fresh = _ask_missing(requests, missing, settings, what) if missing else _Fresh()
        for chunk in _chunks(requests):
            found = shelf.find([request for request in chunk if request.key not in fresh.failed])
            yield from (fresh.failed.get(r.key) or fresh.mark(found[r.key]) for r in chunk)


class _Fresh:
    """What this run asked: the keys that were answered, and the failures, which no file keeps."""

    def __init__(self) -> None:
        self.answered: set[str] = set()
        self.failed: dict[str, Answer] = {}

    def mark(self, answer: Answer) -> Answer:
        return replace(answer, origin="live") if answer.key in self.answered else answer


def _missing(requests: Iterable[Request], shelf: Shelf, settings: Asking) -> dict[str, Model]:
    """Keys of the requests that nobody has answered yet, and whom they go to; the known ones are accounted for."""
    missing: dict[str, Model] = {}
    known: set[str] = set()
    for chunk in _chunks(requests):
        new = {r.key: r for r in chunk if r.key not in known and r.key not in missing}
        found = shelf.find(list(new.values()))
        known.update(found)
        for key, request in new.items():
            if key in found:
                _account(request, found[key], settings)
            else:
                missing[key] = Model(request.provider, request.model)
    return missing


def _account(request: Request, answer: Answer, settings: Asking) -> None:
    """An answer of an earlier run counts against the cap; a recorded one was not paid for by who runs this."""
    settings.ledger.add(request, answer)
    capped = settings.llm.budget_usd is not None and is_billed(settings.providers[request.provider], request.model)
    if capped and answer.origin == "cache":
        settings.budget.count(request.key, answer.cost or 0.0)


def _ask_missing(requests: Iterable[Request], missing: dict[str, Model], settings: Asking, what: str) -> _Fresh:
    models = Counter(missing.values())
    total, fresh, ledger = len(missing), _Fresh(), settings.ledger
    if settings.llm.on_miss == "fail":
        counts = ", ".join(f"{count} of {model.name}" for model, count in models.items())
        raise MissingAnswersError(
            f"{what}: {total} answers are neither recorded nor cached ({counts}), and llm.on_miss is fail. "
            "Ask the models with: python -m pointsman.config.compose llm.on_miss=ask"
        )
    check_before_asking(models, settings)
    # Here, since importing openai takes a second, which a stage that finds every answer need not spend.
    from pointsman.llm.live import ask_live, groups_of
    from pointsman.llm.sending import Live

    def source(group: Group) -> Iterator[Request]:
        for request in requests:
            if group.takes(request) and request.key in missing:
                del missing[request.key]  # an equal request is not asked again
                yield request

    with writing(settings.cache_file) as writer:

        async def keep(request: Request, answer: Answer, billed: float | None) -> Answer:
            await writer.store(Entry(request, Kept(answer, billed)))
            fresh.answered.add(request.key)
            priced = settings.price(Kept(answer, billed), request)
            ledger.add(request, priced)
            if settings.llm.budget_usd is not None:
                settings.budget.count(request.key)
            return priced

        def lose(request: Request, answer: Answer) -> None:
            fresh.failed[request.key] = answer
            ledger.add(request, answer)

        live = Live(settings.llm, settings.providers, settings.weights, settings.root, settings.budget, keep, lose)
        try:
            asyncio.run(ask_live(groups_of(models, settings.providers), source, live, what))
        except KeyboardInterrupt:
            _log.warning(
                "%s: stopped; %d of %d are in the cache and will not be asked again", what, len(fresh.answered), total
            )
            raise
    return fresh


def _chunks(requests: Iterable[Request]) -> Iterator[list[Request]]:
    drawn = iter(requests)
    while chunk := list(islice(drawn, _CHUNK)):
        yield chunk
