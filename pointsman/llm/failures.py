"""Which failures pass, which concern one request, and which the provider as a whole."""

import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from openai import APIConnectionError, APIStatusError

from pointsman.llm.errors import ProviderError
from pointsman.llm.limits import LONGEST_WAIT_S, wait_too_long
from pointsman.llm.parsing import Sent, failure
from pointsman.llm.types import Outcome, Request

_STOPPING = {
    400: "it finds the request wrong; check the model's name and what it supports",
    401: "the key is not accepted; check {key} in .env",
    402: "the account has no credit left; top it up",
    403: "the key may not use this model",
    404: "no such model or address; check the model's name in conf, and {base} in the environment",
}
_PASSES = {
    429: "too many requests, or the plan's limit is used up; wait, or lower {conf}.concurrency and "
    "set {conf}.requests_per_minute",
    500: "the provider has trouble of its own; try again later",
}
_NO_CREDIT = "insufficient_quota"  # sent with 429, where others send 402
_OWN_FAULT = (400, 403)
_STOPPING_IN_BODY = (401, 402, 404)
_ABOUT_REQUEST = re.compile(
    r"context|too long|maximum .*tokens|moderation|flagged|content.?(policy|filter)|failed_generation", re.IGNORECASE
)
_PASSING = (408, 409, 425, 429)
_OVERLOADED = (429, 503, 529)
_SHOWN = 300


Redact = Callable[[str], str]


def status_failure(
    request: Request, problem: APIStatusError, provider: str, key_name: str | None, redact: Redact
) -> Sent:
    """What an HTTP error says of this one request.

    A prompt that is too long or refused for what it says concerns one request, though providers
    answer it with the codes of a wrong set-up.

    Raises:
        ProviderError: the next request would fare no better.
    """
    said = redact(" ".join(problem.message.split()))[:_SHOWN]  # in this order: a key cut in two would stay
    code = 402 if _NO_CREDIT in said else problem.status_code
    if code in _STOPPING and not (code in _OWN_FAULT and _ABOUT_REQUEST.search(said)):
        raise _refusal(request, provider, key_name, code, said)
    after_s = retry_after_s(problem.response.headers)
    if after_s is not None and after_s > LONGEST_WAIT_S:
        raise ProviderError(_stopped(request, provider, f"answers {code}", wait_too_long(after_s)))
    outcome: Outcome = "rate_limited" if code == 429 else "server_error" if code >= 500 else "rejected"
    return Sent(
        failure(request, outcome, f"HTTP {code}: {said}"),
        passing=code in _PASSING or code >= 500,
        overloaded=code in _OVERLOADED,
        after_s=after_s,
    )


def check_said(request: Request, sent: Sent, provider: str, key_name: str | None) -> None:
    """Stop where the body of an HTTP 200 holds an error that the next request would meet as well.

    Raises:
        ProviderError: the key is wrong, the credit spent, or the model unknown.
    """
    if sent.code in _STOPPING_IN_BODY:
        raise _refusal(request, provider, key_name, sent.code, str(sent.answer.error))


def unsendable(request: Request, problem: UnicodeEncodeError) -> Sent:
    """The prompt is no text that can be sent, such as half of a pair of UTF-16 surrogates."""
    odd = problem.object[problem.start : problem.end]
    return Sent(failure(request, "rejected", f"the prompt holds {odd!r}, which no text in UTF-8 can hold"))


def timeout(request: Request, after_s: float) -> Sent:
    """No answer came in time; the provider may have worked on the request."""
    return Sent(failure(request, "timeout", f"no answer within {after_s:g} s"), passing=True, maybe_billed=True)


def connection_failure(request: Request, problem: APIConnectionError, redact: Redact) -> Sent:
    """The connection was refused, reset or broken off; the provider may have worked on the request."""
    return Sent(failure(request, "connection", unreachable(problem, redact)), passing=True, maybe_billed=True)


def gone(request: Request, provider: str, failures: int, last: str) -> ProviderError:
    """The error of a provider that has answered none of the last requests."""
    said = f"the last {failures} requests failed for good, the latest with: {last}"
    return ProviderError(_stopped(request, provider, "does not answer", said))


def _refusal(request: Request, provider: str, key_name: str | None, code: int, said: str) -> ProviderError:
    why = f"{remedy(code, provider, key_name)}. It says: {said}"
    return ProviderError(_stopped(request, provider, f"answers {code}", why))


def remedy(code: int, provider: str, key_name: str | None) -> str:
    """What an HTTP status of a provider means, and what mends it."""
    words = _STOPPING.get(code) or _PASSES.get(500 if code >= 500 else code) or "an unexpected status"
    names = {"key": key_name or "the key", "base": f"{provider.upper()}_BASE_URL", "conf": f"provider.{provider}"}
    return words.format(**names)


def unreachable(problem: APIConnectionError, redact: Redact) -> str:
    """Why no connection came about, as far as the libraries below tell."""
    cause = problem.__cause__
    said = f"{type(cause).__name__}: {cause}" if cause is not None else str(problem)
    return redact(said)[:_SHOWN]


def _stopped(request: Request, provider: str, what: str, why: str) -> str:
    return (
        f"provider {provider!r} {what} for {request.model}: {why}. "
        "What was answered before is in the cache; the same command goes on from there"
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks to wait (RFC 9110: seconds or a date); null where there is none."""
    milliseconds, value = headers.get("retry-after-ms"), headers.get("retry-after")
    for text, unit_s in ((milliseconds, 1e-3), (value, 1.0)):
        if text is not None and re.fullmatch(r"\s*\d+(\.\d+)?\s*", text):
            return float(text) * unit_s
    if value is None:
        return None
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
