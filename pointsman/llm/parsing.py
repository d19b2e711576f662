"""From what a provider sends back to an answer: pure functions."""

import json
from typing import Any, NamedTuple

from pointsman.llm.types import Answer, Logprob, Request

_SHOWN = 300
_DIGITS = 6


class Parsed(NamedTuple):
    """An answer without its cost, what the provider bills for it (US dollars, null if it does not say),
    and whether a failure may pass, so that the same request is worth another try.
    """

    answer: Answer
    billed: float | None
    passing: bool = False


def parse(request: Request, text: str, latency_s: float) -> Parsed:
    """Read the body of an HTTP 200; anything that is no full answer becomes an error.

    An empty answer of a local model is an answer: asked again it would be empty again.
    """
    try:
        body = json.loads(text)
    except ValueError:
        return _failed(request, f"the body is no JSON: {text[:_SHOWN]!r}")
    if not isinstance(body, dict) or body.get("error") or not body.get("choices"):
        return _failed(request, _error_text(body), passing=_passes(body))
    choice = body["choices"][0]
    message = choice.get("message") or {}
    content, finish_reason = message.get("content"), choice.get("finish_reason")
    problem = choice.get("error") or message.get("refusal")
    if problem:
        return _failed(request, f"refused or failed: {str(problem)[:_SHOWN]}", finish_reason)
    if finish_reason == "content_filter":
        return _failed(request, "stopped by the provider's content filter", finish_reason)
    if not content and request.model_hash is None:
        return _failed(request, f"empty answer (finish_reason {finish_reason}, max_tokens {request.max_tokens})")
    usage = body.get("usage") or {}
    answer = Answer(
        key=request.key,
        response=content or "",
        error=None,
        finish_reason=finish_reason,
        prompt_tokens=usage.get("prompt_tokens"),
        completion_tokens=usage.get("completion_tokens"),
        served_by=body.get("provider") or request.provider,
        first_token=_first_token(choice.get("logprobs")),
        latency_s=latency_s,
    )
    return Parsed(answer, _billed(usage))


def failure(request: Request, message: str, finish_reason: str | None = None) -> Answer:
    """An answer that is an error."""
    return Answer(key=request.key, response=None, error=message, finish_reason=finish_reason)


def _failed(request: Request, message: str, finish_reason: str | None = None, passing: bool = False) -> Parsed:
    return Parsed(failure(request, message, finish_reason), None, passing)


def _passes(body: Any) -> bool:
    """A missing `choices` without a word passes; of errors, those whose code speaks of load or of the server."""
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return not error or (isinstance(code, int) and (code in (408, 429) or code >= 500))


def _error_text(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return f"error {error.get('code', '')}: {str(error.get('message', error))[:_SHOWN]}"
    return f"error: {str(error)[:_SHOWN]}" if error else "the body holds no choices"


def _billed(usage: dict[str, Any]) -> float | None:
    cost = usage.get("cost")
    return float(cost) if isinstance(cost, int | float) else None


def _first_token(logprobs: Any) -> tuple[Logprob, ...]:
    tokens = (logprobs or {}).get("content") or []
    if not tokens:
        return ()
    candidates = tokens[0].get("top_logprobs") or [tokens[0]]
    return tuple(Logprob(str(one["token"]), round(float(one["logprob"]), _DIGITS)) for one in candidates)
