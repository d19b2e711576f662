"""Answers that need not be asked for: recordings first, then the cache."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pointsman.cli import repository_root
from pointsman.config.llm import LlmConfig, Provider, Weights
from pointsman.llm.budget import Budget
from pointsman.llm.cache import Cache, Kept, opened
from pointsman.llm.providers import answer_cost
from pointsman.llm.recordings import read_recordings
from pointsman.llm.spend import Ledger
from pointsman.llm.types import Answer, Request


@dataclass(frozen=True)
class Asking:
    """Everything that asking depends on; one for a stage, so that its spend cap holds over all its calls."""

    llm: LlmConfig
    providers: Mapping[str, Provider]
    weights: Mapping[str, Weights]
    root: Path = field(default_factory=repository_root)
    budget: Budget = field(default_factory=Budget)
    ledger: Ledger = field(default_factory=Ledger)
    stage: str | None = None  # under this name reports/spend.json keeps what was asked; null: nowhere

    @property
    def cache_file(self) -> Path:
        """Where answers are kept."""
        return self.root / self.llm.cache

    def price(self, kept: Kept, request: Request) -> Answer:
        """The answer with its cost: as billed, else by conf's prices, else in a local model's units."""
        tokens = (kept.answer.prompt_tokens, kept.answer.completion_tokens)
        provider, weights = self.providers[request.provider], self.weights.get(request.model)
        return replace(kept.answer, cost=answer_cost(provider, weights, request.model, tokens, kept.billed))


class Shelf:
    """Finds answers; `open_shelf` makes one."""

    def __init__(self, asking: Asking, files: ExitStack) -> None:
        self._asking = asking
        self._files = files
        self._recorded: dict[str, dict[str, Kept]] = {}
        self._cache: Cache | None = None

    def find(self, requests: Sequence[Request]) -> dict[str, Answer]:
        """Key -> answer with its cost, of the requests that are recorded or cached."""
        found = self._recordings({request.model for request in requests}, requests)
        rest = [request.key for request in requests if request.key not in found]
        if rest and self._cache is None and self._asking.cache_file.exists():
            self._cache = self._files.enter_context(opened(self._asking.cache_file))
        if rest and self._cache is not None:
            found |= self._cache.lookup(rest)
        return {r.key: self._asking.price(found[r.key], r) for r in requests if r.key in found}

    def _recordings(self, models: set[str], requests: Sequence[Request]) -> dict[str, Kept]:
        if self._asking.llm.recordings is None:
            return {}
        folder = Path(self._asking.llm.recordings)
        for model in models - self._recorded.keys():
            self._recorded[model] = read_recordings(folder, {model})
        found = {r.key: self._recorded[r.model][r.key] for r in requests if r.key in self._recorded[r.model]}
        served = {request.key: request.provider for request in requests}
        return {
            key: kept._replace(answer=replace(kept.answer, served_by=kept.answer.served_by or served[key]))
            for key, kept in found.items()
        }


@contextmanager
def open_shelf(asking: Asking) -> Iterator[Shelf]:
    """A shelf for the time of the `with` block."""
    with ExitStack() as files:
        yield Shelf(asking, files)
