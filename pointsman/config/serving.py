"""The `serving` section, and serving.json: what the packaged router's proxy needs of params.yaml."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from pointsman.config.base import PositiveFloat, PositiveInt, Section, Share
from pointsman.config.llm import PairConfig, Price, Provider

SERVING_FILE = "serving.json"  # beside router.json
Mode = Literal["shadow", "ramp", "route"]


class TimeoutsConfig(Section):
    """How long a model may take."""

    connect_s: PositiveFloat = Field(description="To accept a connection, seconds")
    first_token_s: PositiveFloat = Field(description="Longest silence of a stream, before and after its first token")
    total_s: PositiveFloat = Field(description="A whole request, the fallback included, seconds")


class BreakerConfig(Section):
    """When a failing model is left alone."""

    failures: PositiveInt = Field(description="Failures in a row that open the breaker")
    open_s: PositiveFloat = Field(description="Until one request may try the model again, seconds")


class RateLimitConfig(Section):
    """How often one API key may ask."""

    requests_per_minute: PositiveInt | None = Field(description="In the long run; null: no limit")
    burst: PositiveInt = Field(description="Requests that may come at once")


class DecisionLogConfig(Section):
    """What is kept of each routed request."""

    path: str | None = Field(description="JSONL file; null: nothing is kept")
    text: bool = Field(description="Whether prompts are kept; else their hashes alone")
    max_mb: PositiveInt = Field(description="Size at which a new file begins, MB")
    files: PositiveInt = Field(description="Older files that are kept")


class ServingConfig(Section):
    """How the proxy routes, waits, limits and logs."""

    mode: Mode = Field(description="shadow: decide, but ask strong; ramp: route a share; route: route all")
    ramp: Share = Field(description="Share of users that mode `ramp` routes")
    timeouts: TimeoutsConfig
    breaker: BreakerConfig
    rate_limit: RateLimitConfig
    cors_origins: list[str] = Field(description="Origins whose scripts may call the service")
    decision_log: DecisionLogConfig


class Upstream(Section):
    """A model of the pair, and where it is asked."""

    provider: str = Field(description="Its name in conf; the start of the variables that override the address")
    model: str = Field(description="Name at that provider")
    base_url: str | None = Field(description="Address; null: the environment must name one")
    api_key_env: str | None = Field(description="Variable that holds the key; null: none needed")
    price: Price | None = Field(description="Where answers do not say what they cost")
    extra_body: dict[str, object] = Field(description="Fields added to each request that does not set them")


class Serving(Section):
    """serving.json."""

    settings: ServingConfig
    weak: Upstream
    strong: Upstream


def pack_serving(settings: ServingConfig, pair: PairConfig, providers: Mapping[str, Provider]) -> Serving:
    """What serving.json holds: of keys, the variables' names alone."""

    def upstream(role: Literal["weak", "strong"]) -> Upstream:
        candidate = getattr(pair, role)
        provider = providers[candidate.provider]
        return Upstream(
            provider=candidate.provider,
            model=candidate.model,
            base_url=provider.base_url,
            api_key_env=provider.api_key_env,
            price=provider.prices.get(candidate.model),
            extra_body=provider.extra_body,
        )

    return Serving(settings=settings, weak=upstream("weak"), strong=upstream("strong"))
