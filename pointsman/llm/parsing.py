"""From what a provider sends back to an answer: pure functions."""

import json
import math
import re
from typing import Any, NamedTuple, TypeGuard

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
    code: int | None = None  # of an error in the body of an HTTP 200


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
    try:
        return _read(request, body, latency_s)
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        said = f"the body has another form than expected ({type(problem).__name__}: {problem}): {text[:_SHOWN]!r}"
        return _failed(request, "unparsable", said)


def _read(request: Request, body: dict[str, Any], latency_s: float) -> Sent:
    """The first choice. Whatever has an unexpected form raises one of the errors that `parse` catches."""
    choice, usage = body["choices"][0], body.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    message, finish_reason = choice.get("message") or {}, _name(choice.get("finish_reason"))
    content, billed = _text(message.get("content")), _billed(usage)
    problem = choice.get("error") or message.get("refusal")
    if problem:
        return _failed(request, "refused", str(problem)[:_SHOWN], finish_reason, billed=billed)
    if finish_reason == "content_filter":
        return _failed(request, "filtered", "stopped by the provider's content filter", finish_reason, billed=billed)
    remote = request.model_hash is None
    if not content and remote:
        said = f"no text (finish_reason {finish_reason}, max_tokens {request.max_tokens})"
        return _failed(request, "empty", said, finish_reason, billed=billed)
    answer = Answer(
        key=request.key,
        response=content,
        error=None,
        finish_reason=finish_reason,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        served_by=_name(body.get("provider")) or request.provider,
        served_model=_name(body.get("model")) if remote else None,  # llama.cpp says the name of a file
        first_token=_first_token(choice.get("logprobs")),
        latency_s=latency_s,
    )
    return Sent(answer, billed)


def failure(request: Request, outcome: Outcome, message: str, finish_reason: str | None = None) -> Answer:
    """An answer that is an error."""
    return Answer(key=request.key, response=None, error=_whole(f"{outcome}: {message}"), finish_reason=finish_reason)


def _failed(
    request: Request,
    outcome: Outcome,
    message: str,
    finish_reason: str | None = None,
    *,
    passing: bool = False,
    billed: float | None = None,
) -> Sent:
    return Sent(failure(request, outcome, message, finish_reason), billed, passing=passing, maybe_billed=True)


def _is_choice(choices: Any) -> bool:
    return isinstance(choices, list) and bool(choices) and isinstance(choices[0], dict)


def _without_choice(request: Request, body: Any) -> Sent:
    """A missing `choices` without a word passes; of errors, those whose code speaks of load or of the server."""
    error = body.get("error") if isinstance(body, dict) else None
    if not error:
        return _failed(request, "no_choices", "the body holds no choices", passing=True)
    code = _code(error.get("code")) if isinstance(error, dict) else None
    said = f"{error.get('code') or ''} {error.get('message', error)}".strip() if isinstance(error, dict) else str(error)
    passing = code is not None and (code in (408, 429) or code >= 500)
    failed = _failed(request, "provider_error", said[:_SHOWN], passing=passing)
    return failed._replace(overloaded=code == 429, code=code)


def _text(content: Any) -> str:
    """The content of a message: text, nothing, or parts of which some are text."""
    if isinstance(content, list):
        return _whole("".join(part["text"] for part in content if part.get("type") == "text"))
    if content is not None and not isinstance(content, str):
        raise TypeError(f"content is {content!r}")
    return _whole(content or "")


def _whole(text: str) -> str:
    """The text with a mark for each half of a surrogate pair, which no file could hold."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _code(value: Any) -> int | None:
    """An HTTP status, as a number or in digits."""
    return int(value) if isinstance(value, int | str) and re.fullmatch(r"[1-5]\d\d", str(value)) else None


def _name(value: Any) -> str | None:
    return _whole(value) if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    return int(value) if _is_amount(value) else None


def _billed(usage: dict[str, Any]) -> float | None:
    cost = usage.get("cost")
    return float(cost) if _is_amount(cost) else None


def _is_amount(value: Any) -> TypeGuard[int | float]:
    """A negative cost, or none that is a number, must not enter a sum of dollars."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _first_token(logprobs: Any) -> tuple[Logprob, ...]:
    tokens = (logprobs or {}).get("content") or []
    if not tokens:
        return ()
    candidates = tokens[0].get("top_logprobs") or [tokens[0]]
    return tuple(Logprob(_whole(str(one["token"])), round(float(one["logprob"]), _DIGITS)) for one in candidates)
