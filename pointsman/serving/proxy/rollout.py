"""How much of the traffic the router decides."""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from pointsman.config.serving import Mode
from pointsman.serving.proxy.requests import ChatRequest
from pointsman.serving.schemas import Route

Arm = Literal["routed", "control", "fixed"]  # the router decided; strong in any case; the client named the model


@dataclass
class Rollout:
    """The mode and its share, which an operator may change while the service runs."""

    mode: Mode
    ramp: float  # of 1

    def arm(self, who: str) -> Arm:
        """Whether requests of `who` are routed; in mode `ramp` a larger share keeps everyone who was in a smaller."""
        if self.mode == "ramp":
            return "routed" if position(who) < self.ramp else "control"
        return "routed" if self.mode == "route" else "control"


def position(who: str) -> float:
    """A place from 0 to below 1 that is the same on every day and machine."""
    return int.from_bytes(hashlib.sha256(who.encode("utf-8", "replace")).digest()[:6], "big") / 2**48


def identify(request: ChatRequest, header: str | None) -> str:
    """Who asks: the request's user, else the header's, else the conversation stands for its user."""
    return request.user or header or json.dumps(request.messages, sort_keys=True)


def carry_out(arm: Arm, decision: Route) -> Route:
    """The route that a request takes: the router's decision, except in the control arm."""
    return "strong" if arm == "control" else decision
