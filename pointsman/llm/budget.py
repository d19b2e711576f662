"""A spend cap that stops before it is crossed."""

from dataclasses import dataclass

from pointsman.config.llm import Price
from pointsman.llm.errors import BudgetError
from pointsman.llm.types import Request

_TEMPLATE_TOKENS = 64


@dataclass
class Budget:
    """Dollars spent, and dollars held back for requests under way."""

    spent_usd: float = 0.0
    reserved_usd: float = 0.0

    def reserve(self, upper_usd: float, cap_usd: float | None) -> None:
        """Hold back what a request can cost at most.

        Raises:
            BudgetError: with it the cap could be crossed.
        """
        if cap_usd is not None and self.spent_usd + self.reserved_usd + upper_usd > cap_usd:
            raise BudgetError(
                f"the next request could cost ${upper_usd:.4f}; with ${self.spent_usd:.4f} spent and "
                f"${self.reserved_usd:.4f} under way it could cross llm.budget_usd = ${cap_usd:g}. "
                "Raise llm.budget_usd in conf/config.yaml and run again: what was answered is in the cache"
            )
        self.reserved_usd += upper_usd

    def settle(self, upper_usd: float, spent_usd: float) -> None:
        """Replace a reservation by what the request did cost."""
        self.reserved_usd = max(0.0, self.reserved_usd - upper_usd)
        self.spent_usd += spent_usd


def upper_cost_usd(request: Request, price: Price) -> float:
    """The most a request can cost: a token is a byte or more, and an answer at most `max_tokens` long."""
    prompt = sum(len(str(message).encode()) + _TEMPLATE_TOKENS for message in request.messages)
    dollars = prompt * price.prompt_usd_per_1m + request.max_tokens * price.completion_usd_per_1m
    return dollars / 1e6
