"""Who may ask, how often, and from which pages: for every path of the service, BentoML's own included."""

import ipaddress
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from starlette.datastructures import Headers, State
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pointsman.config.serving import RateLimitConfig
from pointsman.serving.errors import ServingError
from pointsman.serving.proxy.errors import ApiError
from pointsman.serving.proxy.keys import ADMIN_KEYS, API_KEYS, Keys
from pointsman.serving.proxy.meters import meters

ADMIN_REQUESTS = (("PUT", "/v1/pointsman/rollout"),)
OPEN_PATHS = ("/livez", "/readyz", "/health")  # what an orchestrator asks, without a key
NO_KEY = b""
TOLD = ("route", "score", "threshold", "model", "fallback")


class Limiter:
    """A bucket of tokens for each key: it fills at a steady rate, and a request takes one."""

    def __init__(self, config: RateLimitConfig, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._per_s = (config.requests_per_minute or math.inf) / 60
        self._burst = config.burst
        self._clock = clock
        self._buckets: dict[bytes, tuple[float, float]] = {}  # key -> tokens, and when they were counted

    def wait_s(self, key: bytes) -> float:
        """Seconds until this key may ask; 0 takes a token."""
        if math.isinf(self._per_s):
            return 0.0
        now_s = self._clock()
        tokens, counted_s = self._buckets.get(key, (float(self._burst), now_s))
        tokens = min(self._burst, tokens + (now_s - counted_s) * self._per_s)
        self._buckets[key] = (tokens - 1 if tokens >= 1 else tokens, now_s)
        return 0.0 if tokens >= 1 else (1 - tokens) / self._per_s


@dataclass(frozen=True)
class Access:
    """What the gate goes by."""

    keys: Keys = field(default_factory=Keys)
    admins: Keys = field(default_factory=Keys)
    limiter: Limiter | None = None
    cors_origins: tuple[str, ...] = ()


class Gate:
    """ASGI middleware before everything; goes by `state.access`, which is there once the service has started."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state
        self._chain: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refusal, or hand the request on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if self._chain is None:
            self._chain = self._build(self._state.access)
        await self._chain(scope, receive, send)

    def _build(self, access: Access) -> ASGIApp:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                if scope["type"] == "http":
                    _check(access, scope)
            except ApiError as problem:
                await JSONResponse(problem.body, problem.status, problem.headers)(scope, receive, send)
                return
            await self._app(scope, receive, send)

        if not access.cors_origins:
            return guarded
        return CORSMiddleware(
            guarded,
            allow_origins=access.cors_origins,
            allow_methods=["GET", "POST", "PUT"],
            allow_headers=["*"],
            expose_headers=["x-request-id", "retry-after", *(f"x-pointsman-{name}" for name in TOLD)],
        )


def _check(access: Access, scope: Scope) -> None:
    """Refuse a request without one of our keys, or above its key's limit.

    Raises:
        ApiError: 401, 403 or 429.
    """
    if scope["path"] in OPEN_PATHS:
        return
    given = Headers(scope=scope).get("authorization", "")
    admin = access.admins.find(given)
    key = admin or access.keys.find(given) or NO_KEY
    if access.keys.digests and not key:
        raise _unknown("A valid key is needed: Authorization: Bearer KEY")
    if not access.keys.digests and (scope.get("server") is None or not is_local(scope["server"][0])):
        # However the service was started: who is not on this machine needs a key.
        raise ApiError(403, f"This address is answered only when {API_KEYS} is set", code="no_keys_set")
    if (scope["method"], scope["path"]) in ADMIN_REQUESTS and not admin:
        _refuse_as_admin(access, key)
    wait_s = access.limiter.wait_s(key) if access.limiter and scope["method"] == "POST" else 0.0
    if wait_s:
        meters().limited.inc()
        retry = {"retry-after": str(math.ceil(wait_s))}
        raise ApiError(429, "This key's rate limit is reached", code="rate_limit_exceeded", headers=retry)


def _refuse_as_admin(access: Access, key: bytes) -> NoReturn:
    if not access.admins.digests:
        raise ApiError(403, f"The roll-out can be changed only when {ADMIN_KEYS} is set", code="no_admin_keys_set")
    if not key:
        raise _unknown("An administrator's key is needed: Authorization: Bearer KEY")
    raise ApiError(403, f"This key may not change the roll-out, those of {ADMIN_KEYS} may", code="not_an_admin_key")


def _unknown(message: str) -> ApiError:
    return ApiError(401, message, code="invalid_api_key", headers={"www-authenticate": "Bearer"})


def is_local(host: str) -> bool:
    """Whether an address can be reached from this machine alone; a name or a socket's path counts as local."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def check_host(host: str, keys: Keys) -> None:
    """Refuse to listen where others can reach the service, unless they need a key.

    Raises:
        ServingError: names the variable to set.
    """
    if not keys.digests and not is_local(host):
        raise ServingError(
            f"--host (BENTOML_HOST) is {host}, where others can reach the service, and {API_KEYS} is not set. Set it "
            "to keys that clients must send, separated by commas; or listen on 127.0.0.1"
        )
