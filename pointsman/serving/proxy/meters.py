"""What the proxy counts for Prometheus, by arm of the roll-out and by model."""

from functools import cache
from typing import NamedTuple

from prometheus_client import Counter, Gauge, Histogram

from pointsman.config.serving import Serving
from pointsman.serving.proxy.exchange import Exchange

FINISHES = ("stop", "length", "tool_calls", "content_filter", "function_call")
SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
TOKENS = tuple(4**power for power in range(1, 9))
ARM = ["arm"]


class Meters(NamedTuple):
    """The process's counters."""

    requests: Counter
    fallbacks: Counter
    finishes: Counter
    tokens: Counter
    lengths: Histogram
    spent: Counter
    saved: Gauge
    first_token: Histogram
    seconds: Histogram
    failures: Counter
    limited: Counter
    lost_rows: Counter

    def observe(self, exchange: Exchange, serving: Serving) -> None:
        """Count a request that has ended."""
        arm = exchange.arm
        self.requests.labels(arm=arm, route=exchange.route, status=exchange.status).inc()
        for role, failure in exchange.failures:
            self.failures.labels(role=role, kind=failure.kind).inc()
        if exchange.role is None:
            return
        self.fallbacks.labels(arm=arm).inc(exchange.fell_back)
        reason = exchange.finish_reason
        self.finishes.labels(arm=arm, reason=reason if reason in FINISHES else "other").inc()
        if exchange.first_token_s is not None:
            self.first_token.labels(role=exchange.role).observe(exchange.first_token_s)
        self.seconds.labels(role=exchange.role).observe(exchange.duration_s)
        self._count_usage(exchange, serving)

    def _count_usage(self, exchange: Exchange, serving: Serving) -> None:
        paid, saved = exchange.money(serving)
        self.spent.labels(arm=exchange.arm).inc(paid or 0.0)
        self.saved.labels(arm=exchange.arm).inc(saved or 0.0)
        if exchange.usage is None:
            return
        for kind, count in (("prompt", exchange.usage.prompt_tokens), ("completion", exchange.usage.completion_tokens)):
            self.tokens.labels(arm=exchange.arm, role=exchange.role, kind=kind).inc(count or 0)
        if exchange.usage.completion_tokens is not None:
            self.lengths.labels(arm=exchange.arm).observe(exchange.usage.completion_tokens)


@cache
def meters() -> Meters:
    """The process's metrics; the client library allows each name once in a process."""
    name = "pointsman_proxy_"
    return Meters(
        requests=Counter(f"{name}requests", "Chat requests", ["arm", "route", "status"]),
        fallbacks=Counter(f"{name}fallbacks", "Requests that the other model answered", ARM),
        finishes=Counter(f"{name}finishes", "Answers by the reason for their end", ["arm", "reason"]),
        tokens=Counter(f"{name}tokens", "Tokens by who used them", ["arm", "role", "kind"]),
        lengths=Histogram(f"{name}completion_tokens", "Tokens of an answer", ARM, buckets=TOKENS),
        spent=Counter(f"{name}spent_usd", "US dollars paid, as far as known", ARM),
        saved=Gauge(f"{name}saved_usd", "US dollars saved against always asking strong", ARM, multiprocess_mode="sum"),
        first_token=Histogram(
            f"{name}first_token_seconds", "From the request to its first token", ["role"], buckets=SECONDS
        ),
        seconds=Histogram(f"{name}seconds", "From the request to the end of its answer", ["role"], buckets=SECONDS),
        failures=Counter(f"{name}upstream_failures", "Failures of a model", ["role", "kind"]),
        limited=Counter(f"{name}rate_limited", "Requests above their key's limit"),
        lost_rows=Counter(f"{name}lost_log_rows", "Rows that the decision log could not keep"),
    )
