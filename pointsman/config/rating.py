"""The `rating` section: how answers are rated."""

from typing import Literal

from pydantic import Field

from pointsman.config.base import PositiveFloat, PositiveInt, Section
from pointsman.config.llm import Candidate


class SandboxConfig(Section):
    """Limits of one run of model-written code."""

    wall_s: PositiveFloat = Field(description="Wall-clock time, seconds")
    cpu_s: PositiveInt = Field(description="Processor time, seconds")
    memory_mb: PositiveInt = Field(description="Address space, MiB")
    file_mb: PositiveInt = Field(description="Largest file written, MiB")
    processes: PositiveInt = Field(description="Processes and threads")
    output_kb: PositiveInt = Field(description="Largest value that a call may return, KiB")


class JudgeConfig(Section):
    """The model that rates answers where no reference does, and how it is kept honest."""

    candidate: Candidate | None = Field(description="Who judges; null: nobody")
    mode: Literal["single", "pairwise"] = Field(
        description="single: rate each answer alone; pairwise: compare both, in both orders, disagreement is a tie"
    )
    prompt: str = Field(description="Template file of the rubric for one answer")
    pairwise_prompt: str = Field(description="Template file of the rubric for two answers")
    max_tokens: PositiveInt = Field(description="Longest verdict, tokens; reasoning counts")
    use_reference: bool = Field(description="Show the judge the reference answer, where method is judge")
    allow_same_family: bool = Field(description="Accept a judge of a candidate's own family")
    families: dict[str, str] = Field(description="Model -> family, where its name does not tell")
    validate_on: int = Field(
        ge=0, description="Queries whose answers are both checked and judged, to measure the judge"
    )
    repeat_on: int = Field(
        ge=0, description="Queries that are judged again, to measure how far the judge repeats itself"
    )
    repeats: PositiveInt = Field(description="How often each of those is judged again")


class RatingConfig(Section):
    """How a response becomes a rating from 1 to 5 and a score from 0 to 1."""

    method: Literal["reference", "judge", "both"] = Field(
        description="reference: checks only; judge: the judge only; both: checks where there is a reference, else judge"
    )
    workers: PositiveInt | None = Field(description="Code checks run at once; null: one a core")
    sandbox: SandboxConfig
    judge: JudgeConfig
