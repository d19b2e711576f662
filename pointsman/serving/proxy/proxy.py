"""The proxy: what it is made of, and one request's way through it."""

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import Receive

from pointsman.config.serving import SERVING_FILE, Mode, Serving
from pointsman.serving.errors import ServingError
from pointsman.serving.metrics import metrics
from pointsman.serving.proxy.answers import Stream
from pointsman.serving.proxy.breaker import Breaker
from pointsman.serving.proxy.decisions import DecisionLog, texts
from pointsman.serving.proxy.disconnect import ClientGone, unless_gone
from pointsman.serving.proxy.errors import ApiError
from pointsman.serving.proxy.exchange import GONE, Exchange
from pointsman.serving.proxy.meters import meters
from pointsman.serving.proxy.models import choose
from pointsman.serving.proxy.relay import Relay, chunks, first_answer
from pointsman.serving.proxy.requests import ChatRequest
from pointsman.serving.proxy.rollout import Rollout, carry_out, identify
from pointsman.serving.proxy.upstream import Upstream
from pointsman.serving.runtime import Prediction, Runtime
from pointsman.serving.schemas import Route


class Proxy:
    """Routes chat requests to the pair; belongs to one event loop."""

    def __init__(self, serving: Serving, environment: Mapping[str, str]) -> None:
        """Takes addresses, keys, POINTSMAN_MODE and POINTSMAN_RAMP from the environment.

        Raises:
            ServingError: a variable has a value that means nothing, or the decision log cannot be written.
        """
        self.serving = serving
        settings = serving.settings
        self.rollout = read_rollout(settings.mode, settings.ramp, environment)
        self._upstreams: dict[Route, Upstream] = {
            role: Upstream(role, getattr(serving, role), environment, settings.timeouts, Breaker(settings.breaker))
            for role in get_args(Route)
        }
        self._log = DecisionLog(settings.decision_log) if settings.decision_log.path else None

    async def complete(self, request: ChatRequest, who: str | None, receive: Receive, runtime: Runtime) -> Response:
        """Answer a chat request; `who` names the user where the body does not.

        Raises:
            ApiError: there is no such model, or no model answers.
        """
        exchange = await self._decide(request, who, runtime)
        timeouts = self.serving.settings.timeouts
        first: Upstream = self._upstreams[exchange.route]
        other = self._upstreams["strong" if exchange.route == "weak" else "weak"]
        try:
            won = await unless_gone(receive, first_answer(request, [first, other], timeouts, exchange))
        except ClientGone:
            self._end(exchange)
            raise ApiError(GONE, "the client went away") from None
        except BaseException as problem:
            if isinstance(problem, ApiError):
                exchange.status = problem.status
                problem.headers |= exchange.headers()
            elif isinstance(problem, Exception):
                exchange.status = 500
            self._end(exchange)
            raise
        exchange.note_answer(won.upstream)
        if isinstance(won.answer, Stream):
            stream = won.answer

            def end() -> None:
                stream.close()
                self._end(exchange)

            content = chunks(won.upstream, stream, exchange, timeouts, hide_usage=not request.wants_usage)
            return Relay(content, exchange.headers(), end)
        exchange.note_whole(won.answer)
        self._end(exchange)
        return Response(won.answer.content, headers=exchange.headers(), media_type="application/json")

    async def close(self) -> None:
        """Close connections and the decision log."""
        for upstream in self._upstreams.values():
            await upstream.close()
        if self._log is not None:
            self._log.close()

    async def _decide(self, request: ChatRequest, who: str | None, runtime: Runtime) -> Exchange:
        choice, mode, started_s = choose(request.model), self.rollout.mode, asyncio.get_running_loop().time()
        version = runtime.router.version
        if choice.role is not None:
            return Exchange(request, mode, "fixed", choice.role, choice.role, None, None, started_s, version)
        scored = await _score(request.text, runtime)
        packaged = runtime.router.threshold if scored is None else scored.threshold
        threshold = packaged if choice.threshold is None else choice.threshold
        score = scored and scored.score
        decision: Route = "strong" if score is None or score > threshold else "weak"
        arm = self.rollout.arm(identify(request, who))
        return Exchange(request, mode, arm, decision, carry_out(arm, decision), score, threshold, started_s, version)

    def _end(self, exchange: Exchange) -> None:
        """Meter and log a request, once it has ended."""
        if exchange.score is not None:
            metrics().observe(exchange.decision, exchange.score)
        meters().observe(exchange, self.serving)
        if self._log is None:
            return
        row = exchange.row(self.serving)
        if not self._log.keeps_text:
            self._log.write(row)
        elif (said := texts(exchange.request)) is not None:
            self._log.write(row | said)


async def _score(text: str, runtime: Runtime) -> Prediction | None:
    """What the router says; null where there is no text, or the router fails: then strong answers."""
    if not text.strip():
        return None
    try:
        return await runtime.predict(text)
    except Exception:  # a router that breaks must not take the models with it
        logging.getLogger(__name__).exception("the router failed; the strong model is asked")
        return None


def read_rollout(mode: Mode, ramp: float, environment: Mapping[str, str]) -> Rollout:
    """Mode and share of conf, unless POINTSMAN_MODE and POINTSMAN_RAMP say otherwise.

    Raises:
        ServingError: one of them has a value that means nothing.
    """
    given_mode, given_ramp = environment.get("POINTSMAN_MODE") or mode, environment.get("POINTSMAN_RAMP") or str(ramp)
    if given_mode not in get_args(Mode):
        raise ServingError(f"POINTSMAN_MODE is {given_mode!r}, expected one of {', '.join(get_args(Mode))}")
    try:
        share = float(given_ramp)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ServingError(f"POINTSMAN_RAMP is {given_ramp!r}, expected a share from 0 to 1, e.g. 0.1")
    return Rollout(given_mode, share)  # type: ignore[arg-type]  # compared with the mode's values above


def read_serving(folder: Path) -> Serving | None:
    """Read the packaged router's serving.json, null where it was packaged without one.

    Raises:
        ServingError: the file is not what it should be.
    """
    path = folder / SERVING_FILE
    if not path.is_file():
        return None
    try:
        return Serving.model_validate(json.loads(path.read_text("utf-8")))
    except (ValueError, ValidationError) as problem:
        raise ServingError(
            f"{path} is not what this version reads ({problem}). Write it again with: dvc repro package"
        ) from problem
