"""From the chosen model to the client; from the other one, where the chosen fails before its first token."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from pointsman.config.serving import TimeoutsConfig
from pointsman.llm.providers import redact
from pointsman.serving.proxy.answers import Failure, Stream, Whole
from pointsman.serving.proxy.disconnect import ClientGone, unless_gone
from pointsman.serving.proxy.errors import ApiError, error_event
from pointsman.serving.proxy.exchange import Exchange
from pointsman.serving.proxy.requests import ChatRequest
from pointsman.serving.proxy.upstream import Upstream

MAX_SAID = 2_000  # characters of a model's own refusal
DONE = b"data: [DONE]\n\n"


class Won(NamedTuple):
    """The model that answers, and its answer or the beginning of it."""

    upstream: Upstream
    answer: Whole | Stream


async def first_answer(
    request: ChatRequest, order: Sequence[Upstream], timeouts: TimeoutsConfig, exchange: Exchange
) -> Won:
    """Ask the models in this order until one answers; `exchange` learns of each that does not.

    Raises:
        ApiError: none answers, or the first is not set up.
    """
    loop = asyncio.get_running_loop()
    failures: list[tuple[Upstream, Failure]] = []
    for position, upstream in enumerate(order):
        try:
            left_s = exchange.started_s + timeouts.total_s - loop.time()
            others = len(order) - position - 1
            answer = await _ask(upstream, request, _patience_s(request, timeouts, left_s, others))
        except Failure as failure:
            failures.append((upstream, failure))
            exchange.note_failure(upstream.role, failure)
            if failure.kind == "set-up" and position == 0:
                break
            # What the strong model finds wrong is not asked of the weak one; the other way round it may be too long.
            if failure.is_requests_fault and upstream.role == "strong":
                break
        else:
            return Won(upstream, answer)
    raise _refusal(failures)


def _patience_s(request: ChatRequest, timeouts: TimeoutsConfig, left_s: float, others: int) -> float:
    """How long one model may take; one answer in one piece shows no token by which to judge it earlier."""
    return min(timeouts.first_token_s, left_s) if request.streams else left_s / (others + 1)


async def _ask(upstream: Upstream, request: ChatRequest, patience_s: float) -> Whole | Stream:
    if upstream.missing:
        raise Failure("set-up", upstream.missing)
    if not upstream.breaker.allows():
        raise Failure("left alone", "it failed repeatedly and is left alone for a while")
    body = request.for_upstream(upstream.config)
    try:
        async with asyncio.timeout(patience_s):
            answer = await (upstream.stream(body) if request.streams else upstream.whole(body))
    except TimeoutError as problem:
        upstream.breaker.fail()
        raise Failure("timeout", f"no {'token' if request.streams else 'answer'} in {patience_s:g} s") from problem
    except Failure as failure:
        if failure.is_requests_fault:
            upstream.breaker.succeed()
        else:
            upstream.breaker.fail()
        raise
    upstream.breaker.succeed()
    return answer


def _refusal(failures: Sequence[tuple[Upstream, Failure]]) -> ApiError:
    """What the client is told: a model's own word on the request, else that there is no answer now."""
    for upstream, failure in failures:
        if failure.is_requests_fault:
            return _passed_on(upstream, failure)
    if failures[0][1].kind == "set-up":
        return ApiError(503, f"The {failures[0][0].role} model is not set up: {failures[0][1]}", code="not_set_up")
    tried = "; ".join(f"{upstream.role} ({upstream.config.model}): {failure}" for upstream, failure in failures)
    if all(failure.status == 429 for _, failure in failures):
        return ApiError(429, f"The models' own limits are reached: {tried}", code="upstream_rate_limit")
    return ApiError(503, f"No model answers: {tried}", code="upstream_unavailable", headers={"retry-after": "5"})


def _passed_on(upstream: Upstream, failure: Failure) -> ApiError:
    try:
        error: Any = json.loads(failure.content)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        error = None
    said: Mapping[str, Any] = error if isinstance(error, dict) else {"message": error}
    texts = {
        name: redact(said[name], [upstream.key])[:MAX_SAID]
        for name in ("message", "code", "param")
        if isinstance(said.get(name), str)
    }
    message = texts.get("message", f"{upstream.config.model} answers {failure}")
    return ApiError(failure.status or 400, message, code=texts.get("code"), param=texts.get("param"))


async def chunks(
    upstream: Upstream, stream: Stream, exchange: Exchange, timeouts: TimeoutsConfig, hide_usage: bool
) -> AsyncIterator[bytes]:
    """The stream as it comes, to its mark of the end; one that breaks off ends with an error event.

    With `hide_usage` the chunk that tells the usage is left out, since the client did not ask for it.
    """
    loop = asyncio.get_running_loop()
    deadline_s = exchange.started_s + timeouts.total_s
    events = stream.head
    try:
        while True:
            seen = b"".join(event.raw for event in events if not (hide_usage and event.is_usage))
            for event in events:
                exchange.note_event(event)
            if seen:
                yield seen
            if any(event.is_done for event in events):
                exchange.note_end()
                await stream.settle()
                return
            following = (
                await stream.more()
            )  # limited in time by its connection: a timer of ours for each token costs more
            if loop.time() > deadline_s:
                raise Failure("timeout", f"it took longer than {timeouts.total_s:g} s")
            if following is None:
                break
            events = following
        if exchange.finish_reason is None:
            raise Failure("broken off", "the connection broke off")
        exchange.note_end()
        yield DONE
    except Failure as failure:
        upstream.breaker.fail()
        exchange.note_break(upstream.role, failure)
        yield error_event(f"The answer of {exchange.model} broke off: {failure}", "upstream_broke_off")


class Relay(StreamingResponse):
    """Streams to the client; `on_end` is called once, whether all was sent, the client went or never listened."""

    def __init__(self, content: AsyncIterator[bytes], headers: Mapping[str, str], on_end: Callable[[], None]) -> None:
        super().__init__(content, headers=dict(headers), media_type="text/event-stream")
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Answer; without the group of tasks that the base class makes for each answer, which takes longer."""
        try:
            with contextlib.suppress(ClientGone):
                await unless_gone(receive, self.stream_response(send))
        finally:
            self._on_end()
