"""The OpenAI-compatible paths, and the roll-out's."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from pointsman.config.serving import Mode
from pointsman.serving.dependencies import Loaded, Ready
from pointsman.serving.proxy import models
from pointsman.serving.proxy.requests import parse
from pointsman.serving.proxy.rollout import Rollout

RELEASED = 1_700_000_000  # seconds since 1970; models of this service have no day of birth, but clients expect one
CHAT_PATH = "/v1/chat/completions"
routes = APIRouter(prefix="/v1")


class RolloutBody(BaseModel):
    """How much of the traffic the router decides."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode = Field(description="shadow: always ask strong; ramp: route a share of the users; route: route all")
    ramp: float = Field(ge=0, le=1, strict=True, allow_inf_nan=False, description="The share that mode ramp routes")


class ErrorDetail(BaseModel):
    """Why a request was refused or failed, as OpenAI's clients read it."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorAnswer(BaseModel):
    """An error in OpenAI's form."""

    error: ErrorDetail


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": text}
    for status, text in {
        400: "The body is not JSON, or a value is not what it should be",
        401: "Keys are set, and none of them was sent",
        403: "The key may not do this",
        404: "There is no such model",
        413: "The body is too large",
        415: "The body is not declared as JSON",
        422: "A value is not what it should be",
        429: "A rate limit is reached",
        503: "No model answers, or none is set up",
    }.items()
}
ROLLOUT_REFUSALS = (400, 401, 403, 413, 415, 422, 503)
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["model", "messages"],
                    "properties": {
                        "model": {"type": "string", "description": f"{', '.join(models.NAMES)}, pointsman-THRESHOLD"},
                        "messages": {"type": "array", "minItems": 1, "items": {"type": "object"}},
                        "stream": {"type": "boolean"},
                    },
                    "additionalProperties": True,
                },
                "example": {"model": "pointsman", "messages": [{"role": "user", "content": "What is 2 + 2?"}]},
            }
        },
    }
}


@routes.post("/chat/completions", responses=RESPONSES, openapi_extra=BODY)
async def chat_completions(request: Request, runtime: Loaded, proxy: Ready) -> Response:
    """The answer of the model that the prompt needs; fields that are not listed pass through to it."""
    chat = parse(await request.body())
    return await proxy.complete(chat, request.headers.get("x-pointsman-user"), request.receive, runtime)


@routes.get("/models")
async def list_models() -> dict[str, Any]:
    """The models that a client may name; `pointsman-0.35` routes at the threshold 0.35."""
    return {"object": "list", "data": [models.describe(name, RELEASED) for name in models.NAMES]}


@routes.get("/models/{model}", responses={404: RESPONSES[404]})
async def get_model(model: str) -> dict[str, Any]:
    """One model."""
    models.choose(model)
    return models.describe(model, RELEASED)


@routes.get("/pointsman/rollout", responses={503: RESPONSES[503]})
async def get_rollout(proxy: Ready) -> RolloutBody:
    """How much of the traffic the router decides."""
    return RolloutBody(mode=proxy.rollout.mode, ramp=proxy.rollout.ramp)


@routes.put("/pointsman/rollout", responses={status: RESPONSES[status] for status in ROLLOUT_REFUSALS})
async def put_rollout(body: RolloutBody, proxy: Ready) -> RolloutBody:
    """Change it for the requests to come, until the service starts again; needs an administrator's key."""
    proxy.rollout = Rollout(body.mode, body.ramp)
    return body
