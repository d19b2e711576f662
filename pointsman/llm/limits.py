"""Limits of a provider: those that conf knows, those that its answers tell, and the one found by trying."""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import NamedTuple

from aiolimiter import AsyncLimiter

from pointsman.config.llm import Provider
from pointsman.llm.errors import ProviderError
from pointsman.llm.tokens import prompt_tokens
from pointsman.llm.types import Request
from pointsman.llm.window import Ticket, Window

LONGEST_WAIT_S = 300.0
_QUOTA_WAIT_S = 2.0
_REQUEST_BURST_S = 0.05  # of the permitted rate at once: some providers count by the second
_TOKEN_BURST_S = 6.0
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h|d)")
_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_EPOCH_S, _EPOCH_MS = 1e9, 1e12  # a larger number is a date, not a duration


class Limits:
    """When the next request may start."""

    def __init__(self, provider: Provider) -> None:
        self.window = Window(provider.concurrency)
        self._requests = _limiter(provider.requests_per_minute, _REQUEST_BURST_S)
        self._tokens = _limiter(provider.tokens_per_minute, _TOKEN_BURST_S)
        self._quotas: dict[str, _Quota] = {}
        self._closed_until = 0.0  # of the monotonic clock

    async def enter(self, request: Request) -> Ticket:
        """Return when the request may start, with a ticket for the window's `leave`.

        Raises:
            ProviderError: the provider's own limit opens too late to wait for.
        """
        ticket = await self.window.enter()
        try:
            tokens = prompt_tokens(request) + request.max_tokens
            await _take(self._requests, 1)
            await _take(self._tokens, tokens)
            while wait_s := self._closed_for_s(tokens):
                await asyncio.sleep(wait_s)
        except BaseException:
            self.window.leave(ticket, answered=False)
            raise
        return ticket

    def close(self, wait_s: float) -> None:
        """Let nothing through for as long as an overloaded provider asks, if that is long.

        Then a quota is used up, which every request would meet; a short wait tells of a rush, for which there is
        the window.
        """
        if wait_s >= _QUOTA_WAIT_S:
            self._closed_until = max(self._closed_until, time.monotonic() + wait_s)

    def read(self, headers: Mapping[str, str]) -> None:
        """Take in what `x-ratelimit-remaining-*` and `-reset-*` say is left, and until when."""
        for kind in ("requests", "tokens", ""):
            ending = f"-{kind}" if kind else ""
            left, reset = headers.get(f"x-ratelimit-remaining{ending}"), headers.get(f"x-ratelimit-reset{ending}")
            if left is None or reset is None:
                continue
            reset_s = seconds(reset)
            if reset_s is not None and re.fullmatch(r"\d+(\.\d+)?", left.strip()):
                self._quotas[kind] = _Quota(float(left), time.monotonic() + reset_s)

    def _closed_for_s(self, tokens: int) -> float:
        """Seconds until the quotas allow a request; 0 counts it as started."""
        now, needed = time.monotonic(), {"requests": 1, "tokens": tokens, "": 1}
        known = {kind: quota for kind, quota in self._quotas.items() if quota.until > now}
        # A request larger than the whole quota could wait for ever: an unused quota lets everything through.
        wait_s = max((quota.until - now for quota in known.values() if quota.left < 1), default=0.0)
        wait_s = max(wait_s, self._closed_until - now)
        if wait_s > LONGEST_WAIT_S:
            raise ProviderError(f"the provider says that {wait_too_long(wait_s)}")
        if not wait_s:
            self._quotas = {kind: quota._replace(left=quota.left - needed[kind]) for kind, quota in known.items()}
        return wait_s


class _Quota(NamedTuple):
    """What is left of a provider's limit until a time of the monotonic clock."""

    left: float
    until: float


def wait_too_long(wait_s: float) -> str:
    """The message of a provider that wants a longer pause than a run should make."""
    return (
        f"its limit opens again in {wait_s / 60:.0f} minutes (often a daily one). What was answered is in the cache: "
        "run the same command again then, or raise the limit with the provider"
    )


def seconds(text: str) -> float | None:
    """A header's duration (`2m59.56s`, `120ms`, `7`), or its date (seconds or milliseconds since 1970), in seconds."""
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        number = float(text)
        if number >= _EPOCH_S:
            return max(0.0, (number / 1e3 if number >= _EPOCH_MS else number) - time.time())
        return number
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return None
    return sum(float(part["number"]) * _SECONDS[part["unit"]] for part in parts)


def _limiter(per_minute: int | None, burst_s: float) -> AsyncLimiter | None:
    """A steady pace: at once goes what the limit permits in `burst_s` seconds, or 1."""
    if per_minute is None:
        return None
    burst = max(1.0, per_minute * burst_s / 60)
    return AsyncLimiter(burst, burst * 60 / per_minute)


async def _take(limiter: AsyncLimiter | None, amount: float) -> None:
    """Take more than a burst in several steps."""
    while limiter is not None and amount > 0:
        await limiter.acquire(min(amount, limiter.max_rate))
        amount -= limiter.max_rate
