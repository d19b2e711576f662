"""What can go wrong when models are asked or their weights fetched."""

from pointsman.errors import PointsmanError


class WeightsError(PointsmanError):
    """Weights cannot be had, or are not the pinned ones."""


class SourceError(WeightsError):
    """One place that was asked for a file does not give it."""


class LocalModelError(PointsmanError):
    """A local model does not start."""


class RecordingsError(PointsmanError):
    """The folder of recordings is not in the format that this version reads."""


class CacheError(PointsmanError):
    """The file of cached answers cannot be used."""


class MissingAnswersError(PointsmanError):
    """Answers are neither recorded nor cached, and `llm.on_miss` is `fail`."""


class BudgetError(PointsmanError):
    """The next request could cross the spend cap."""


class ProviderError(PointsmanError):
    """A provider refuses every request: a wrong key or address, no credit, an unknown model."""
