import asyncio
import time
from types import SimpleNamespace

import pytest
from llm_cases import request

from pointsman.config.llm import Provider
from pointsman.llm.errors import ProviderError
from pointsman.llm.failures import retry_after_s
from pointsman.llm.limits import Limits, seconds


def limits(**changes) -> Limits:
    basis = {"base_url": "http://x/v1", "api_key_env": None, "concurrency": 64, "timeout_s": 1, "max_retries": 0}
    return Limits(Provider(**{**basis, **changes}))


def start(limit: Limits, count: int) -> float:
    """Seconds until `count` requests were let through, none of them waiting for another's answer."""

    async def enter() -> float:
        began = time.monotonic()
        for _ in range(count):
            limit.window.leave(await limit.enter(request()))
        return time.monotonic() - began

    return asyncio.run(enter())


def test_requests_start_at_the_pace_that_conf_knows():
    assert start(limits(requests_per_minute=6000), 30) >= 0.2  # five at once, then a hundred a second


def test_tokens_are_paced_too():
    assert start(limits(tokens_per_minute=60_000), 370) >= 0.2  # of 17 tokens: 6,000 at once, then 1,000 a second


def test_a_request_may_need_more_tokens_than_go_at_once():
    assert start(limits(tokens_per_minute=1500), 10) >= 0.5  # 170 tokens: 150 at once, then 25 a second


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """Seconds that were slept, on a clock that only sleeping moves."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    clock = SimpleNamespace(monotonic=lambda: 1000.0 + sum(slept), time=time.time)
    monkeypatch.setattr("pointsman.llm.limits.time", clock)
    monkeypatch.setattr("pointsman.llm.limits.asyncio", SimpleNamespace(sleep=sleep))
    return slept


def test_what_headers_say_is_left_is_used_up_before_waiting_for_the_reset(waits):
    limit = limits()
    limit.read({"x-ratelimit-remaining-requests": "2", "x-ratelimit-reset-requests": "200ms"})
    start(limit, 2)
    assert waits == []
    start(limit, 1)
    assert waits == [pytest.approx(0.2)]


def test_tokens_left_are_counted(waits):
    limit = limits()
    limit.read({"x-ratelimit-remaining-tokens": "16", "x-ratelimit-reset-tokens": "150ms"})
    start(limit, 1)
    assert waits == []
    start(limit, 1)
    assert waits == [pytest.approx(0.15)]


def test_a_long_wait_that_a_provider_asks_for_holds_every_request_back(waits):
    limit = limits()
    limit.close(30.0)
    start(limit, 3)
    assert waits == [pytest.approx(30.0)]


def test_a_short_wait_concerns_the_request_that_was_turned_away(waits):
    limit = limits()
    limit.close(1.0)
    start(limit, 3)
    assert waits == []


@pytest.mark.parametrize(("left", "reset"), [("-1", "60s"), ("0", "-60"), ("none", "60s"), ("0", "later")])
def test_headers_that_say_nothing_usable_are_passed_over(waits, left, reset):
    limit = limits()
    limit.read({"x-ratelimit-remaining-requests": left, "x-ratelimit-reset-requests": reset})
    start(limit, 3)
    assert waits == []


def test_a_limit_that_opens_in_hours_stops_the_provider():
    limit = limits()
    limit.read({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2h"})
    with pytest.raises(ProviderError, match=r"opens again in 120 minutes.*run the same command again"):
        start(limit, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120ms", 0.12),
        ("7.66s", 7.66),
        ("2m59.56s", 179.56),
        ("1m30s", 90),
        ("1h2m3s", 3723),
        ("1d", 86400),
        ("30", 30),
        ("soon", None),
        ("-5", None),
        ("-1m30s", None),
        ("5 s", None),
        ("", None),
    ],
)
def test_durations_of_headers(text, expected):
    assert seconds(text) == (None if expected is None else pytest.approx(expected))


def test_dates_of_headers_are_counted_from_now():
    assert seconds(str(int((time.time() + 60) * 1000))) == pytest.approx(60, abs=2)
    assert seconds(str(int(time.time() + 60))) == pytest.approx(60, abs=2)
    assert seconds(str(int(time.time() - 60))) == 0.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "20", "retry-after": "9"}, 0.02),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "3600"}, 3600.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1m30s"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after(headers, expected):
    assert retry_after_s(headers) == expected
