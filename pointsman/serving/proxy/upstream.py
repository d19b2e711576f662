"""A model of the pair behind its address: where it is, and one request to it."""

import ipaddress
import json
import re
from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

import aiohttp

from pointsman.config import serving
from pointsman.serving.proxy.answers import Failure, Stream, Whole, on_the_wire
from pointsman.serving.proxy.breaker import Breaker
from pointsman.serving.schemas import Route

MAX_ERROR_BYTES = 64_000
KEEP_ALIVE_S = 30.0


class Upstream:
    """One model: address, key, breaker, and connections that are kept for the next request."""

    def __init__(
        self,
        role: Route,
        config: serving.Upstream,
        environment: Mapping[str, str],
        timeouts: serving.TimeoutsConfig,
        breaker: Breaker,
    ) -> None:
        """Reads address and key from the environment; what is missing there is told by `missing`."""
        self.role = role
        self.config = config
        self.breaker = breaker
        self.key = (environment.get(config.api_key_env or "") or "").strip() or None
        self._names = [f"{_variable(part)}_BASE_URL" for part in (f"{config.provider}_{role}", config.provider)]
        found = next((environment[name] for name in self._names if environment.get(name)), config.base_url)
        self._url = found.strip().rstrip("/") if found else None
        self._timeouts = timeouts
        self._session: aiohttp.ClientSession | None = None

    @property
    def missing(self) -> str | None:
        """The variable that must be set before this model can be asked, in a sentence; null where none must."""
        if self._url is None:
            return f"set {self._names[0]} (or {self._names[1]}) to the address of {self.config.model}"
        if not self._url.startswith(("http://", "https://")):
            return f"{self._names[0]} or {self._names[1]} is no address that starts with http:// or https://"
        if self.config.api_key_env and not self.key:
            return f"set {self.config.api_key_env}, the key of {self.config.provider}"
        return None

    async def whole(self, body: bytes) -> Whole:
        """Ask for an answer in one piece; the caller limits the time.

        Raises:
            Failure: there is none.
        """
        with on_the_wire():
            response = await self._post(body, "application/json", longest_silence_s=None)
            try:
                content = await response.read()
            finally:
                response.close()
            data = json.loads(content)
        if not isinstance(data, dict) or not isinstance(data.get("choices"), list) or not data["choices"]:
            raise Failure("garbage", "the answer holds no choices")
        return Whole(content, data)

    async def stream(self, body: bytes) -> Stream:
        """Ask for an answer in pieces, and wait for its first token; the caller limits the time.

        Raises:
            Failure: there is none.
        """
        with on_the_wire():
            response = await self._post(body, "text/event-stream", self._timeouts.first_token_s)
            stream = Stream(response)
            try:
                await stream.wait_for_token()
            except BaseException:
                stream.close()
                raise
        return stream

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, body: bytes, accepted: str, longest_silence_s: float | None) -> aiohttp.ClientResponse:
        """The response, if it is 200; a connection that is not accepted is tried twice."""
        headers = {"content-type": "application/json", "accept": accepted, "accept-encoding": "identity"}
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        url, session = f"{self._url}/chat/completions", self._open_session()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeouts.connect_s, sock_read=longest_silence_s)
        send = partial(session.post, url, data=body, headers=headers, allow_redirects=False, timeout=timeout)
        try:
            response = await send()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            response = await send()
        if response.status != 200:
            try:
                content = await response.content.read(MAX_ERROR_BYTES)
            finally:
                response.close()
            raise Failure("status", f"HTTP {response.status}", response.status, content)
        return response

    def _open_session(self) -> aiohttp.ClientSession:
        """Made on first use, which is inside the event loop that it belongs to."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                # A proxy of the environment must not come between this machine and itself.
                trust_env=not _is_loopback(self._url or ""),
            )
        return self._session


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", name).upper()


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
