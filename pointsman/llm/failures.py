"""Which failures concern one request, and which the provider as a whole."""

import re

from openai import APIStatusError

from pointsman.llm.errors import ProviderError
from pointsman.llm.parsing import failure
from pointsman.llm.providers import redact
from pointsman.llm.types import Answer, Request

_STOPPING = {
    400: "it finds the request wrong; check the model's name and what it supports",
    401: "the key is not accepted; check {key} in .env",
    402: "the account has no credit left; top it up",
    403: "the key may not use this model",
    404: "no such model or address; check the model's name in conf, and {base} in the environment",
}
_OWN_FAULT = (400, 403)
_ABOUT_REQUEST = re.compile(
    r"context|too long|maximum .*tokens|moderation|flagged|content.?(policy|filter)|failed_generation", re.IGNORECASE
)
_SHOWN = 300


def status_failure(
    request: Request, problem: APIStatusError, provider: str, key_name: str | None, secret: str | None
) -> Answer:
    """An error of this one request, after the client's own repeats.

    A prompt that is too long or refused for what it says concerns one request, though providers
    answer it with the codes of a wrong set-up.

    Raises:
        ProviderError: the next request would fare no better.
    """
    said = redact(" ".join(problem.message.split()), [secret])[:_SHOWN]
    code = problem.status_code
    if code in _STOPPING and not (code in _OWN_FAULT and _ABOUT_REQUEST.search(said)):
        hint = _STOPPING[code].format(key=key_name, base=f"{provider.upper()}_BASE_URL")
        raise ProviderError(
            f"provider {provider!r} answers {code} for {request.model}: {hint}. It says: {said}. "
            "What was answered before is in the cache; the same command goes on from there"
        )
    return failure(request, f"HTTP {code}: {said}")
