"""What is wrong with the settings, found before anything is sent."""

from collections.abc import Collection

from pointsman.llm.errors import BudgetError, ProviderError
from pointsman.llm.providers import endpoint, is_billed
from pointsman.llm.shelf import Asking
from pointsman.llm.types import Model


def check_before_asking(models: Collection[Model], asking: Asking) -> None:
    """Check that each model can be asked: provider, key, address, and a price where spending is capped.

    Raises:
        ProviderError: conf or the environment lacks something, or has it wrong.
        BudgetError: there is a cap, and a model has no price.
    """
    for provider, name in models:
        if provider not in asking.providers:
            known = ", ".join(sorted(asking.providers))
            raise ProviderError(f"provider {provider!r} of model {name} is not in conf/provider; known are {known}")
        endpoint(provider, asking.providers[provider], asking.root)
        capped = asking.llm.budget_usd is not None and is_billed(asking.providers[provider], name)
        if capped and name not in asking.providers[provider].prices:
            raise BudgetError(
                f"llm.budget_usd = ${asking.llm.budget_usd:g} cannot be kept: conf has no price of {name}. Add "
                f"provider.{provider}.prices.{name}: {{prompt_usd_per_1m: …, completion_usd_per_1m: …, date: …}} "
                "(0 where nothing is billed), or set llm.budget_usd to null"
            )
