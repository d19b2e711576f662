"""The sections about routers: `embedder` and `router`."""

from typing import Literal

from pydantic import Field, NonNegativeInt, field_validator, model_validator

from pointsman.config.base import PositiveFloat, PositiveInt, Section, Share
from pointsman.config.llm import Candidate


class EmbedderConfig(Section):
    """A frozen sentence encoder."""

    weights: str = Field(description="A key of `weights`, or a hub id or folder of a sentence-transformers model")
    layers: NonNegativeInt | None = Field(description="Lowest layers that are used; null: all of them")
    max_tokens: PositiveInt = Field(description="Longer texts are cut, tokens")
    batch_size: PositiveInt = Field(description="Texts encoded at once")


class Route(Section):
    """One route of the semantic router."""

    name: str = Field(description="Name of the route, one of the categories")
    description: str = Field(description="What belongs to it, in a sentence")
    examples: list[str] = Field(min_length=1, description="Queries that belong to it")
    prior: Share = Field(description="Probability that strong is needed, where no labels are given")


class SemanticConfig(Section):
    """Best-matching route examples vote; each route carries its share of gain > 0."""

    neighbours: PositiveInt = Field(description="Examples of a route whose similarities are averaged")
    temperature: PositiveFloat = Field(description="Softmax temperature over the routes' similarities")
    prior_weight: PositiveFloat = Field(
        description="Queries that the prior counts for when a route's share is smoothed"
    )
    routes: list[Route] = Field(min_length=1)


class LlmRouterConfig(Section):
    """A model classifies the query as easy or hard."""

    candidate: Candidate = Field(description="Who classifies")
    prompt: str = Field(description="Template file: the system message, a line `---`, the user message with {query}")
    labels: dict[str, Share] = Field(
        description="Label -> how far it speaks for strong, 0 to 1; a scale from 1 to 5 has five labels"
    )
    max_prompt_chars: PositiveInt = Field(description="Longer queries lose their middle, characters")
    max_tokens: PositiveInt = Field(description="Longest answer, tokens")
    top_logprobs: PositiveInt | None = Field(
        description="Candidates for the first token that are asked for; null: read the label from the answer's text"
    )
    max_failed_share: Share = Field(
        description="Classifications that failed or name no label score as the average query; more of them is an error"
    )

    @field_validator("labels")
    @classmethod
    def _speaks_for_both(cls, value: dict[str, float]) -> dict[str, float]:
        if not value or min(value.values()) == max(value.values()):
            raise ValueError(f"labels is {value}, expected labels that differ in how far they speak for strong")
        return value


class TrainConfig(Section):
    """Fine-tuning of an encoder."""

    epochs: PositiveInt = Field(description="Passes over train, at most")
    batch_size: PositiveInt = Field(description="Queries in a step, per process")
    learning_rate: PositiveFloat = Field(description="Peak learning rate")
    warmup_share: Share = Field(description="Share of the steps with a rising learning rate")
    weight_decay: float = Field(ge=0.0, description="AdamW weight decay")
    patience: PositiveInt = Field(description="Epochs without a better watched loss before training stops")
    watch_share: Share = Field(description="Share of train that early stopping watches")
    watch_tolerance: float = Field(
        ge=0.0, description="Of epochs whose watched loss is at most this far above the least, the latest is kept, nats"
    )
    frozen_layers: int = Field(ge=0, description="Lowest layers of the encoder that keep their weights; 0: none does")
    calibration: Literal["platt", "temperature"] = Field(
        description="platt: slope and offset; temperature: slope alone, for scores that seldom tie"
    )

    @model_validator(mode="after")
    def _watches_something(self) -> "TrainConfig":
        if not 0.0 < self.watch_share < 0.5:
            raise ValueError(f"watch_share is {self.watch_share}, expected above 0 and below 0.5")
        return self


class BertConfig(Section):
    """A fine-tuned encoder."""

    base: str = Field(description="A key of `weights`, or a hub id or folder of an encoder")
    layers: PositiveInt | None = Field(description="Lowest layers of the base that are used; null: all of them")
    max_tokens: PositiveInt = Field(description="Longer queries are cut, tokens")
    train: TrainConfig


class KnnConfig(Section):
    """Mean gain of the nearest train queries on frozen embeddings."""

    neighbours: PositiveInt = Field(description="Train queries that vote")


class StackConfig(Section):
    """A linear model, a forest and neighbours, by a query's surface and a frozen encoder's lowest layers."""

    trees: PositiveInt = Field(description="Trees of the forest")
    depth: PositiveInt = Field(description="Most splits between a tree's root and a leaf")
    leaf_queries: PositiveInt = Field(description="Fewest train queries in a leaf")
    feature_share: PositiveFloat = Field(le=1.0, description="Share of the features that are tried at a split")
    neighbours: PositiveInt = Field(description="Train queries that vote")
    encoder: EmbedderConfig


class RoutersConfig(Section):
    """Settings of each router, by its name."""

    semantic: SemanticConfig
    llm: LlmRouterConfig
    bert: BertConfig
    knn: KnnConfig
    stack: StackConfig
