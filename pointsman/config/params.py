"""The whole of params.yaml, and how a stage reads it."""

from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from pointsman.config.base import PositiveInt, Section, Share
from pointsman.config.errors import ConfigError, explain
from pointsman.config.llm import LlmConfig, PairConfig, Provider, Weights
from pointsman.config.queries import QueriesConfig
from pointsman.config.rating import RatingConfig
from pointsman.config.routers import EmbedderConfig, RoutersConfig
from pointsman.config.serving import ServingConfig

PARAMS_FILE = Path("params.yaml")
TRAINABLE = ("semantic", "llm", "bert")


class EvaluationConfig(Section):
    """How intervals are computed."""

    resamples: PositiveInt = Field(description="Bootstrap resamples of the queries")
    confidence: Share = Field(description="Coverage of an interval")


class SelectionConfig(Section):
    """How the winner is chosen, without the test split."""

    quality: Share = Field(description="Share of the strong model's quality that must be kept")


class ReportConfig(Section):
    """What the report shows."""

    title: str = Field(description="Heading of the report")
    sample_decisions: PositiveInt = Field(description="Test queries shown with their route")


class TrackingConfig(Section):
    """Where MLflow keeps runs."""

    uri: str | None = Field(description="Tracking server; null: mlflow.db under the repository root")
    experiment: str = Field(description="MLflow experiment")
    registered_model: str = Field(description="Name under which the packaged router is registered")
    alias: str = Field(description="Alias that the newest registered version gets")


class Params(Section):
    """params.yaml as typed values."""

    seed: int = Field(ge=0, description="Seed of generation, splits and training")
    routers: list[str] = Field(min_length=1, description="Routers that are trained and evaluated")
    queries: QueriesConfig
    weights: dict[str, Weights]
    provider: dict[str, Provider]
    llm: LlmConfig
    pair: PairConfig
    rating: RatingConfig
    embedder: EmbedderConfig
    router: RoutersConfig
    evaluation: EvaluationConfig
    selection: SelectionConfig
    serving: ServingConfig
    report: ReportConfig
    tracking: TrackingConfig

    @model_validator(mode="after")
    def _names_exist(self) -> "Params":
        unknown = sorted(set(self.routers) - set(TRAINABLE))
        if unknown or len(set(self.routers)) != len(self.routers):
            raise ValueError(f"routers is {self.routers}, expected different ones of {list(TRAINABLE)}")
        for role, candidate in (("weak", self.pair.weak), ("strong", self.pair.strong)):
            if candidate.provider not in self.provider:
                raise ValueError(
                    f"pair.{role}.provider is {candidate.provider!r}, expected one of {list(self.provider)}"
                )
        return self


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check params.yaml.

    Raises:
        ConfigError: the file is missing, is not YAML, or a key or value is not allowed.
    """
    import yaml

    if not path.exists():
        raise ConfigError(f"{path} is missing. Write it with: python -m pointsman.config.compose")
    try:
        return Params.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except yaml.YAMLError as problem:
        raise ConfigError(f"{path} is not YAML: {problem}") from problem
    except ValidationError as problem:
        raise ConfigError(explain(problem, path, Params)) from problem
