"""Asking: recordings first, then the cache, then the model itself."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pointsman.cli import repository_root
from pointsman.config.llm import LlmConfig, Provider, Weights
from pointsman.llm.budget import Budget
from pointsman.llm.cache import Cache, opened
from pointsman.llm.errors import MissingAnswersError
from pointsman.llm.live import Live, ask_live
from pointsman.llm.providers import answer_cost
from pointsman.llm.recordings import read_recordings
from pointsman.llm.types import Answer, Request

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asking:
    """Everything that asking depends on; one for a stage, so that its spend cap holds over all its calls."""

    llm: LlmConfig
    providers: Mapping[str, Provider]
    weights: Mapping[str, Weights]
    root: Path = field(default_factory=repository_root)
    budget: Budget = field(default_factory=Budget)

    @property
    def cache_file(self) -> Path:
        """Where answers are kept."""
        return self.root / self.llm.cache


def ask(requests: Sequence[Request], settings: Asking, *, what: str) -> list[Answer]:
    """Answers in the order of the requests; equal requests are asked once.

    A request that failed for good has an answer with `error`; it is not cached, so that the next run
    asks it again.

    Args:
        requests: any mix of providers and models.
        settings: made of params.yaml's sections.
        what: names the work on the progress bar.

    Raises:
        MissingAnswersError: something is to be asked and `llm.on_miss` is `fail`.
        ProviderError: a provider refuses every request.
        BudgetError: the next request could cross `llm.budget_usd`.
    """
    unique = {request.key: request for request in requests}
    known = recorded(list(unique.values()), settings)
    rest = [request for key, request in unique.items() if key not in known]
    if rest:
        with opened(settings.cache_file) as cache:
            known |= cached(rest, settings, cache)
            missing = [request for request in rest if request.key not in known]
            if missing:
                known |= _ask_missing(missing, settings, cache, what)
    return [known[request.key] for request in requests]


def recorded(requests: Sequence[Request], settings: Asking) -> dict[str, Answer]:
    """Answers that are in the recordings."""
    if settings.llm.recordings is None:
        return {}
    answers = read_recordings(Path(settings.llm.recordings), {request.model for request in requests})
    return {
        request.key: _priced(replace(answers[request.key], served_by=request.provider), request, settings, None)
        for request in requests
        if request.key in answers
    }


def cached(requests: Sequence[Request], settings: Asking, cache: Cache) -> dict[str, Answer]:
    """Answers that are in the cache."""
    found = cache.lookup([request.key for request in requests])
    return {
        request.key: _priced(found[request.key].answer, request, settings, found[request.key].billed)
        for request in requests
        if request.key in found
    }


def _priced(answer: Answer, request: Request, settings: Asking, billed: float | None) -> Answer:
    tokens = (answer.prompt_tokens, answer.completion_tokens)
    weights = settings.weights.get(request.model)
    return replace(
        answer, cost=answer_cost(settings.providers[request.provider], weights, request.model, tokens, billed)
    )


def _ask_missing(missing: Sequence[Request], settings: Asking, cache: Cache, what: str) -> dict[str, Answer]:
    if settings.llm.on_miss == "fail":
        counts = ", ".join(f"{count} of {model}" for model, count in Counter(r.model for r in missing).items())
        raise MissingAnswersError(
            f"{what}: {len(missing)} answers are neither recorded nor cached ({counts}), and llm.on_miss is fail. "
            "Ask the models with: python -m pointsman.config.compose llm.on_miss=ask"
        )
    answered: dict[str, Answer] = {}

    def keep(request: Request, answer: Answer, billed: float | None) -> Answer:
        cache.store(request, answer, billed)
        answered[request.key] = priced = _priced(answer, request, settings, billed)
        return priced

    live = Live(settings.llm, settings.providers, settings.weights, settings.root, settings.budget, keep)
    try:
        asyncio.run(ask_live(missing, live, what))
    except KeyboardInterrupt:
        _log.warning(
            "%s: stopped; %d of %d are in the cache and will not be asked again", what, len(answered), len(missing)
        )
        raise
    return answered
