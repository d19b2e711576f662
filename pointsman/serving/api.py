"""The HTTP API over a runtime: routes, and nothing of BentoML."""

import asyncio
import time

from fastapi import APIRouter, FastAPI

from pointsman import __version__
from pointsman.serving import problems
from pointsman.serving.dependencies import Loaded
from pointsman.serving.limits import BodyLimits
from pointsman.serving.metrics import metrics
from pointsman.serving.proxy import endpoints
from pointsman.serving.runtime import Prediction as Scored
from pointsman.serving.schemas import LABELS, Health, Info, Prediction, Predictions, Queries, Query, Route

ENDPOINTS = {
    "GET /": "this page",
    "GET /health": "whether the service can answer",
    "POST /predict": "where a text is routed",
    "POST /predict/batch": "where up to 100 texts are routed",
    "POST /v1/chat/completions": "the answer of the model that a prompt needs, as OpenAI's clients ask for it",
    "GET /v1/models": "the models that a client may name",
    "GET /v1/pointsman/rollout": "how much of the traffic is routed; PUT changes it",
    "GET /docs": "this API, to try out",
    "GET /openapi.json": "this API as an OpenAPI document",
    "GET /metrics": "counters for Prometheus",
}
ANSWER_S = 30.0  # seconds that predictions may take
routes = APIRouter()


def create_app() -> FastAPI:
    """The API; who starts it sets its `state.runtime` and `state.proxy` before the first request."""
    app = FastAPI(
        title="Pointsman",
        version=__version__,
        description="Says which of two models a prompt needs.",
        docs_url=None,
        redoc_url=None,
        # The server around this app traces and counts already.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.include_router(routes)
    app.include_router(endpoints.routes)
    app.add_middleware(BodyLimits)
    problems.add_handlers(app)
    return app


@routes.get("/")
async def info(runtime: Loaded) -> Info:
    """What is served, and where."""
    router = runtime.router
    return Info(
        name="pointsman",
        version=__version__,
        router=router.name,
        router_version=router.version,
        threshold=router.threshold,
        max_tokens=router.max_tokens,
        endpoints=ENDPOINTS,
    )


@routes.get("/health")
async def health(runtime: Loaded) -> Health:
    """Whether the service can answer."""
    return Health(
        status="healthy", model_loaded=True, device=runtime.router.device, uptime_seconds=round(runtime.uptime_s, 3)
    )


@routes.post("/predict", responses=problems.RESPONSES)
async def predict(query: Query, runtime: Loaded) -> Prediction:
    """Where a text is routed."""
    start_s = time.perf_counter()
    async with asyncio.timeout(ANSWER_S):
        scored = await runtime.predict(query.text)
    return _prediction(query.text, scored, query.threshold, _milliseconds_since(start_s))


@routes.post("/predict/batch", responses=problems.RESPONSES)
async def predict_batch(queries: Queries, runtime: Loaded) -> Predictions:
    """Where each of up to 100 texts is routed, in their order."""
    start_s = time.perf_counter()
    async with asyncio.timeout(ANSWER_S):
        scored = await runtime.predict_batch(queries.texts)
    total_ms = _milliseconds_since(start_s)
    average_ms = total_ms / len(queries.texts)
    return Predictions(
        predictions=[
            _prediction(text, one, queries.threshold, average_ms)
            for text, one in zip(queries.texts, scored, strict=True)
        ],
        total_processing_time_ms=total_ms,
        average_processing_time_ms=average_ms,
    )


def _prediction(text: str, scored: Scored, given: float | None, took_ms: float) -> Prediction:
    threshold = scored.threshold if given is None else given
    route: Route = "strong" if scored.score > threshold else "weak"
    metrics().observe(route, scored.score)
    return Prediction(
        text=text,
        score=scored.score,
        route_label=LABELS[route],
        route=route,
        threshold=threshold,
        truncated=scored.truncated,
        processing_time_ms=took_ms,
    )


def _milliseconds_since(start_s: float) -> float:
    return (time.perf_counter() - start_s) * 1e3
