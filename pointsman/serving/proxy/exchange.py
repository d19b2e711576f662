"""What is known of one request: for its headers, the meters and the decision log."""

import asyncio
import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pointsman.config.serving import Mode, Serving
from pointsman.serving.proxy.answers import Failure, Whole
from pointsman.serving.proxy.money import Usage, cost_usd, read_usage, saved_usd
from pointsman.serving.proxy.requests import ChatRequest
from pointsman.serving.proxy.rollout import Arm
from pointsman.serving.proxy.sse import Event, choices
from pointsman.serving.proxy.upstream import Upstream
from pointsman.serving.schemas import Route

# Statuses beside those of HTTP answers: the client went away; a stream broke off, whose answer had begun with 200.
GONE, BROKEN_OFF = 499, 502


@dataclass
class Exchange:
    """One request from its decision to its end."""

    request: ChatRequest
    mode: Mode
    arm: Arm
    decision: Route  # the router's, or the client's own
    route: Route  # the model that is asked first
    score: float | None  # null where nothing was scored
    threshold: float | None
    started_s: float  # of the event loop's clock
    router_version: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    role: Route | None = None  # who answers
    model: str | None = None
    status: int = GONE
    failures: list[tuple[Route, Failure]] = field(default_factory=list)
    usage: Usage | None = None
    finish_reason: str | None = None
    first_token_s: float | None = None  # seconds since the start; of an answer in one piece: its end

    @property
    def fell_back(self) -> bool:
        """Whether the other model answers."""
        return self.role is not None and self.role != self.route

    @property
    def duration_s(self) -> float:
        """Seconds since the start."""
        return asyncio.get_running_loop().time() - self.started_s

    def note_failure(self, role: Route, failure: Failure) -> None:
        """A model did not answer."""
        self.failures.append((role, failure))

    def note_answer(self, upstream: Upstream) -> None:
        """A model answers."""
        self.role, self.model = upstream.role, upstream.config.model
        self.first_token_s = self.duration_s

    def note_end(self) -> None:
        """A stream came to its end."""
        self.status = 200

    def note_break(self, role: Route, failure: Failure) -> None:
        """A stream broke off."""
        self.status = BROKEN_OFF
        self.note_failure(role, failure)

    def note_whole(self, answer: Whole) -> None:
        """The answer came in one piece."""
        self.status = 200
        self._note(answer.data)

    def note_event(self, event: Event) -> None:
        """A piece of the answer came."""
        if event.data is not None:
            self._note(event.data)

    def _note(self, data: dict[str, Any]) -> None:
        self.usage = read_usage(data) or self.usage
        for choice in choices(data):
            reason = choice.get("finish_reason")
            self.finish_reason = reason if isinstance(reason, str) else self.finish_reason

    def headers(self) -> dict[str, str]:
        """What the client is told beside the answer."""
        told = {
            "x-request-id": self.id,
            "x-pointsman-route": self.route,
            "x-pointsman-fallback": str(self.fell_back).lower(),
            "x-pointsman-model": self.model,
            "x-pointsman-score": None if self.score is None else f"{self.score:.6f}",
            "x-pointsman-threshold": None if self.threshold is None else f"{self.threshold:g}",
        }
        return {name: value for name, value in told.items() if value is not None}

    def money(self, serving: Serving) -> tuple[float | None, float | None]:
        """US dollars that were paid, and saved against strong; null where they are not known."""
        if self.usage is None or self.role is None:
            return None, None
        paid = cost_usd(self.usage, (serving.weak if self.role == "weak" else serving.strong).price)
        return paid, saved_usd(self.usage, paid, self.role == "strong", serving.strong.price)

    def row(self, serving: Serving) -> dict[str, Any]:
        """A row of the decision log, without the prompt."""
        paid, saved = self.money(serving)
        user = self.request.user
        return {
            "id": self.id,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "prompt_sha256": _sha256(self.request.text),
            "user_sha256": None if user is None else _sha256(user),
            "requested": self.request.model,
            "router_version": self.router_version,
            "mode": self.mode,
            "arm": self.arm,
            "score": self.score,
            "threshold": self.threshold,
            "decision": self.decision,
            "route": self.route,
            "model": self.model,
            "fallback": self.fell_back,
            "failures": [{"role": role, "kind": failure.kind} for role, failure in self.failures],
            "status": self.status,
            "finish_reason": self.finish_reason,
            "prompt_tokens": self.usage and self.usage.prompt_tokens,
            "completion_tokens": self.usage and self.usage.completion_tokens,
            "cost_usd": paid,
            "saved_usd": saved,
            "first_token_s": None if self.first_token_s is None else round(self.first_token_s, 6),
            "duration_s": round(self.duration_s, 6),
        }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
