"""What a stage asked, whom, and what it cost: reports/spend.json."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pointsman.llm.budget import Budget
from pointsman.llm.types import Answer, Model, Request
from pointsman.tables.io import read_json, write_json

FILE = Path("reports/spend.json")


@dataclass
class Account:
    """Requests to one model; equal requests count once. Costs are in the provider's unit, see `Answer`."""

    recorded: int = 0
    cached: int = 0
    live: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0  # of all answers, whenever they were asked
    cost_of_this_run: float = 0.0  # of the live ones


_COUNTED = {"recording": "recorded", "cache": "cached", "live": "live"}


@dataclass
class Ledger:
    """Accounts of a stage's models."""

    accounts: dict[Model, Account] = field(default_factory=dict)

    def add(self, request: Request, answer: Answer) -> None:
        """Account for an answer, or a failure."""
        account = self.accounts.setdefault(Model(request.provider, request.model), Account())
        if answer.error is not None:
            account.failed += 1
            return
        counted = _COUNTED[answer.origin]
        setattr(account, counted, getattr(account, counted) + 1)
        account.prompt_tokens += answer.prompt_tokens or 0
        account.completion_tokens += answer.completion_tokens or 0
        account.cost += answer.cost or 0.0
        account.cost_of_this_run += (answer.cost or 0.0) if answer.origin == "live" else 0.0

    @contextmanager
    def written(self, stage: str | None, budget: Budget) -> Iterator[None]:
        """Write the accounts at the end of the `with` block, however it ends; `stage` null: nowhere."""
        try:
            yield
        finally:
            if stage is not None:
                write_json(FILE, read_spend() | {stage: self._summary(budget)})

    def _summary(self, budget: Budget) -> dict[str, Any]:
        models = {f"{model.provider}/{model.name}": asdict(account) for model, account in self.accounts.items()}
        return {"models": models, "spent_usd_of_this_run": budget.spent_usd}


def read_spend() -> dict[str, Any]:
    """Stage -> its accounts; empty where no stage has asked yet."""
    return dict(read_json(FILE)) if FILE.exists() else {}
