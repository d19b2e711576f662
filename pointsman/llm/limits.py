"""Limits of a provider that conf knows beforehand."""

from aiolimiter import AsyncLimiter

from pointsman.config.llm import Provider
from pointsman.llm.types import Request

_CHARS_PER_TOKEN = 4


class Pace:
    """Lets requests start no faster than a provider's requests and tokens a minute allow."""

    def __init__(self, provider: Provider) -> None:
        self._requests = AsyncLimiter(provider.requests_per_minute) if provider.requests_per_minute else None
        self._tokens = AsyncLimiter(provider.tokens_per_minute) if provider.tokens_per_minute else None

    async def wait(self, request: Request) -> None:
        """Return when the request may start; its tokens are those of the prompt and the longest answer."""
        if self._requests is not None:
            await self._requests.acquire()
        if self._tokens is not None:
            await self._tokens.acquire(min(_tokens(request), self._tokens.max_rate))


def _tokens(request: Request) -> int:
    characters = sum(len(str(message.get("content", ""))) for message in request.messages)
    return characters // _CHARS_PER_TOKEN + request.max_tokens
