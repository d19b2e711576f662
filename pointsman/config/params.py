"""The whole of params.yaml, and how a stage reads it."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from pointsman.config.base import PositiveInt, Section, Share
from pointsman.config.errors import ConfigError, explain
from pointsman.config.families import families_of
from pointsman.config.llm import LlmConfig, PairConfig, Provider, Weights
from pointsman.config.queries import QueriesConfig
from pointsman.config.rating import RatingConfig
from pointsman.config.routers import EmbedderConfig, RoutersConfig
from pointsman.config.serving import ServingConfig

PARAMS_FILE = Path("params.yaml")
TRAINABLE = ("semantic", "llm", "bert", "stack")


class NearTrainConfig(Section):
    """Test queries that are nearly in the train split."""

    cosine: Share = Field(description="Cosine similarity of embeddings from which a test query is near a train query")
    drop: bool = Field(description="Leave near ones out of the dataset; they are counted either way")


class EvaluationConfig(Section):
    """How routers are judged."""

    near_train: NearTrainConfig
    resamples: PositiveInt = Field(description="Bootstrap resamples of the queries")
    confidence: Share = Field(description="Coverage of an interval")


class StudiesConfig(Section):
    """What multiplies training: the same routers fitted again, in other ways."""

    routers: list[Literal["bert", "knn", "semantic", "stack"]] = Field(description="Which")
    seeds: int = Field(ge=0, description="Fits on so many seeds of training, from `seed` on; 0: none")
    labels: list[PositiveInt] = Field(description="Fits on so many labelled train queries each; empty: none")


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
    studies: StudiesConfig
    serving: ServingConfig
    report: ReportConfig
    tracking: TrackingConfig

    @model_validator(mode="after")
    def _names_exist(self) -> "Params":
        unknown = sorted(set(self.routers) - set(TRAINABLE))
        if unknown or len(set(self.routers)) != len(self.routers):
            raise ValueError(f"routers is {self.routers}, expected different ones of {list(TRAINABLE)}")
        named = {"pair.weak": self.pair.weak, "pair.strong": self.pair.strong}
        if self.rating.judge.candidate is not None:
            named["rating.judge.candidate"] = self.rating.judge.candidate
        for key, candidate in named.items():
            if candidate.provider not in self.provider:
                raise ValueError(f"{key}.provider is {candidate.provider!r}, expected one of {list(self.provider)}")
        return self

    @model_validator(mode="after")
    def _judge_is_impartial(self) -> "Params":
        judge = self.rating.judge
        if judge.candidate is None or judge.allow_same_family or self.rating.method == "reference":
            return self
        own = families_of(judge.candidate.model, judge.families)
        for role, candidate in (("weak", self.pair.weak), ("strong", self.pair.strong)):
            shared = own & families_of(candidate.model, judge.families)
            if shared:
                raise ValueError(
                    f"the judge {judge.candidate.model} and the {role} model {candidate.model} are both of the family "
                    f"{', '.join(sorted(shared))}, and judges prefer their own. Name a judge of a third family as "
                    "rating.judge.candidate; correct the family of a model with "
                    "+rating.judge.families={MODEL: FAMILY}; or accept it with rating.judge.allow_same_family=true"
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
