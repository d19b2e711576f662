"""From what a provider sends back to an answer: pure functions."""

import json
from typing import Any, NamedTuple

from pointsman.llm.types import Answer, Logprob, Outcome, Request

_SHOWN = 300
_DIGITS = 6


class Sent(NamedTuple):
    """What one try gave."""

    answer: Answer  # without its cost
    billed: float | None = None  # US dollars, where the provider says so
    passing: bool = False  # it failed, and another try may not
    overloaded: bool = False  # the provider asks for fewer requests
    after_s: float | None = None  # seconds that the provider asks to wait
    maybe_billed: bool = False  # it failed, but the provider may have worked on it


def parse(request: Request, text: str, latency_s: float) -> Sent:
    """Read the body of an HTTP 200; anything that is no full answer becomes an error.

    An empty answer of a local model is an answer: asked again it would be empty again.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return _failed(request, "unparsable", f"the body is no JSON: {text[:_SHOWN]!r}", passing=True)
    if not isinstance(body, dict) or body.get("error") or not _is_choice(body.get("choices")):
        return _without_choice(request, body)
    choice = body["choices"][0]
    message = choice.get("message") or {}
    content, finish_reason = message.get("content"), choice.get("finish_reason")
    problem = choice.get("error") or message.get("refusal")
    if problem:
        return _failed(request, "refused", str(problem)[:_SHOWN], finish_reason)
    if finish_reason == "content_filter":
        return _failed(request, "filtered", "stopped by the provider's content filter", finish_reason)
    if not content and request.model_hash is None:
        said = f"no text (finish_reason {finish_reason}, max_tokens {request.max_tokens})"
        return _failed(request, "empty", said, finish_reason)
    usage = body.get("usage") or {}
    remote = request.model_hash is None
    answer = Answer(
        key=request.key,
        response=content or "",
        error=None,
        finish_reason=finish_reason,
        prompt_tokens=usage.get("prompt_tokens"),
        completion_tokens=usage.get("completion_tokens"),
        served_by=body.get("provider") or request.provider,
        served_model=body.get("model") if remote else None,  # llama.cpp says the name of a file
        first_token=_first_token(choice.get("logprobs")),
        latency_s=latency_s,
    )
    return Sent(answer, _billed(usage))


def failure(request: Request, outcome: Outcome, message: str, finish_reason: str | None = None) -> Answer:
    """An answer that is an error."""
    return Answer(key=request.key, response=None, error=f"{outcome}: {message}", finish_reason=finish_reason)


def _failed(
    request: Request, outcome: Outcome, message: str, finish_reason: str | None = None, passing: bool = False
) -> Sent:
    return Sent(failure(request, outcome, message, finish_reason), passing=passing, maybe_billed=True)


def _is_choice(choices: Any) -> bool:
    return isinstance(choices, list) and bool(choices) and isinstance(choices[0], dict)


def _without_choice(request: Request, body: Any) -> Sent:
    """A missing `choices` without a word passes; of errors, those whose code speaks of load or of the server."""
    error = body.get("error") if isinstance(body, dict) else None
    if not error:
        return _failed(request, "no_choices", "the body holds no choices", passing=True)
    code = error.get("code") if isinstance(error, dict) else None
    said = f"{code or ''} {error.get('message', error)}".strip() if isinstance(error, dict) else str(error)
    passing = isinstance(code, int) and (code in (408, 429) or code >= 500)
    failed = _failed(request, "provider_error", said[:_SHOWN], passing=passing)
    return failed._replace(overloaded=code == 429)


def _billed(usage: dict[str, Any]) -> float | None:
    cost = usage.get("cost")
    return float(cost) if isinstance(cost, int | float) else None


def _first_token(logprobs: Any) -> tuple[Logprob, ...]:
    tokens = (logprobs or {}).get("content") or []
    if not tokens:
        return ()
    candidates = tokens[0].get("top_logprobs") or [tokens[0]]
    return tuple(Logprob(str(one["token"]), round(float(one["logprob"]), _DIGITS)) for one in candidates)
