"""A spend cap that stops before it is crossed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pointsman.config.llm import Price
from pointsman.llm.errors import BudgetError
from pointsman.llm.types import Request

_TEMPLATE_TOKENS = 64


@dataclass
class Budget:
    """Dollars spent by a stage, in this run and before, and dollars held back for its requests under way."""

    spent_usd: float = 0.0  # in this run
    earlier_usd: float = 0.0  # for those of its answers that are cached: the cap holds over runs that were stopped
    reserved_usd: float = 0.0
    under_way: int = 0
    _counted: set[str] = field(default_factory=set)  # keys of answers that are in one of the sums

    def count(self, key: str, earlier_usd: float = 0.0) -> None:
        """Note an answer that was paid for, and what it did cost if that was in an earlier run."""
        if key not in self._counted:
            self._counted.add(key)
            self.earlier_usd += earlier_usd


@dataclass
class Charge:
    """What a request did cost, in dollars; set by who sends it."""

    usd: float = 0.0


class Purse:
    """Pays requests out of a budget; one for each event loop."""

    def __init__(self, budget: Budget, cap_usd: float | None) -> None:
        self._budget = budget
        self._cap_usd = cap_usd
        self._settled = asyncio.Condition()
        self._dearer = 1.0  # the most that a request cost, as a multiple of the most that conf's price makes of it

    @asynccontextmanager
    async def charge(self, upper_usd: float) -> AsyncIterator[Charge]:
        """Hold back what a request can cost at most; at the end the charge's `usd` counts as spent.

        Where the cap could be crossed, requests under way are waited for: they may cost less than was held back.

        Raises:
            BudgetError: none is under way, and with this request the cap could be crossed.
        """
        async with self._settled:
            await self._settled.wait_for(lambda: self._budget.under_way == 0 or self._fits(upper_usd * self._dearer))
            held_usd = upper_usd * self._dearer
            if not self._fits(held_usd):
                raise BudgetError(self._exhausted(held_usd))
            self._budget.reserved_usd += held_usd
            self._budget.under_way += 1
        charge = Charge()
        try:
            yield charge
        finally:
            self._budget.reserved_usd = max(0.0, self._budget.reserved_usd - held_usd)
            self._budget.under_way -= 1
            self._budget.spent_usd += charge.usd
            if upper_usd:
                self._dearer = max(self._dearer, charge.usd / upper_usd)
            async with self._settled:
                self._settled.notify_all()

    def _fits(self, upper_usd: float) -> bool:
        # Sums of floats stray by less than a billionth of a dollar.
        budget = self._budget
        total = budget.earlier_usd + budget.spent_usd + budget.reserved_usd + upper_usd
        return self._cap_usd is None or total <= self._cap_usd + 1e-9

    def _exhausted(self, upper_usd: float) -> str:
        earlier_usd = self._budget.earlier_usd
        before = f", ${earlier_usd:.4f} of it in earlier runs" if earlier_usd else ""
        return (
            f"${earlier_usd + self._budget.spent_usd:.4f} of llm.budget_usd = ${self._cap_usd:g} are spent{before}, "
            f"and the next request could cost ${upper_usd:.4f}. What was answered is in the cache: raise "
            "llm.budget_usd in conf/config.yaml, compose, and run again; it asks only the rest"
        )


def upper_cost_usd(request: Request, price: Price) -> float:
    """The most a request can cost: a token is a byte or more, and an answer at most `max_tokens` long."""
    prompt = sum(len(str(message).encode()) + _TEMPLATE_TOKENS for message in request.messages)
    dollars = prompt * price.prompt_usd_per_1m + request.max_tokens * price.completion_usd_per_1m
    return dollars / 1e6
