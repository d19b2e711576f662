"""Requests and answers of the HTTP API."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

MAX_CHARACTERS = 10_000
MAX_TEXTS = 100

Route = Literal["weak", "strong"]
RouteLabel = Literal["Weak Model", "Strong Model"]
LABELS: dict[Route, RouteLabel] = {"weak": "Weak Model", "strong": "Strong Model"}


def _readable(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "Text should not be blank")
    if "\0" in text:
        raise PydanticCustomError("nul", "Text should not hold a NUL character")
    return text


Text = Annotated[
    str,
    Field(min_length=1, max_length=MAX_CHARACTERS, description="A prompt, not blank"),
    AfterValidator(_readable),
]
Threshold = Annotated[
    float,
    Field(ge=0, le=1, strict=True, allow_inf_nan=False, description="Route strong if score > threshold"),
]


class Query(BaseModel):
    """One text to route."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "Write a function that merges two sorted lists."}]}
    )

    text: Text
    threshold: Threshold | None = Field(None, description="Instead of the packaged threshold")


class Queries(BaseModel):
    """Texts to route, in one request."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"texts": ["What is 2 + 2?", "Prove that it is four."]}]}
    )

    texts: list[Text] = Field(min_length=1, max_length=MAX_TEXTS)
    threshold: Threshold | None = Field(None, description="Instead of the packaged threshold, for every text")


class Prediction(BaseModel):
    """Where a text is routed, and why."""

    text: str
    score: float = Field(description="Calibrated probability that the strong model's answer is better, 0 to 1")
    route_label: RouteLabel = Field(description="Strong Model if and only if score > threshold")
    route: Route
    threshold: float = Field(description="The threshold that the score was compared with")
    truncated: bool = Field(description="Whether the text was longer than the router reads; it judged the beginning")
    processing_time_ms: float = Field(description="In a batch: the request's time shared equally among its texts")


class Predictions(BaseModel):
    """Where texts are routed, in the order of the request."""

    predictions: list[Prediction]
    total_processing_time_ms: float
    average_processing_time_ms: float


class Health(BaseModel):
    """Whether the service can answer."""

    status: Literal["healthy"]
    model_loaded: bool
    device: str
    uptime_seconds: float


class Info(BaseModel):
    """What is served."""

    name: str
    version: str
    router: str
    router_version: str = Field(description="A hash of the packaged router")
    threshold: float
    max_tokens: int = Field(description="Tokens of a text that the router reads")
    endpoints: dict[str, str]


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str
