"""What the service counts for Prometheus beside BentoML's own requests and durations."""

from functools import cache
from typing import NamedTuple

from prometheus_client import Counter, Histogram

SCORE_BUCKETS = tuple(step / 10 for step in range(1, 11))


class Metrics(NamedTuple):
    """Answered texts, by route and by score; and how often the router was replaced."""

    routed: Counter
    score: Histogram
    reloads: Counter

    def observe(self, route: str, score: float) -> None:
        """Count one answered text."""
        self.routed.labels(route=route).inc()
        self.score.observe(score)


@cache
def metrics() -> Metrics:
    """The process's metrics; the client library allows each name once in a process."""
    return Metrics(
        Counter("pointsman_routed", "Texts that were routed, by route", ["route"]),
        Histogram("pointsman_score", "Scores of the texts that were routed", buckets=SCORE_BUCKETS),
        Counter("pointsman_reloads", "Routers that were read anew, by whether they serve now", ["outcome"]),
    )
