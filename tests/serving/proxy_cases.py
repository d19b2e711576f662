"""Models of ours behind real addresses, which fail in every way that a model can; and the proxy before them."""

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time

import uvicorn
from aiohttp import web

from pointsman.serving.api import create_app
from pointsman.serving.proxy.access import Access, Gate, Limiter
from pointsman.serving.proxy.keys import ADMIN_KEYS, Keys
from pointsman.serving.proxy.proxy import Proxy
from pointsman.serving.runtime import Runtime
from pointsman.serving.shortcut import Shortcut

KEY = "sk-upstream-secret"
USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
PRICES = {
    "weak": {"prompt_usd_per_1m": 1.0, "completion_usd_per_1m": 2.0, "date": "2026-01-01"},
    "strong": {"prompt_usd_per_1m": 10.0, "completion_usd_per_1m": 20.0, "date": "2026-01-01"},
}
SETTINGS = {
    "mode": "route",
    "ramp": 0.1,
    "timeouts": {"connect_s": 2, "first_token_s": 1.0, "total_s": 20},
    "breaker": {"failures": 50, "open_s": 60},
    "rate_limit": {"requests_per_minute": None, "burst": 5},
    "cors_origins": [],
    "decision_log": {"path": None, "text": False, "max_mb": 1, "files": 2},
}


def serving_json(weak_url=None, strong_url=None, **settings):
    """serving.json of a pair `small` and `large`; keywords replace settings."""

    def upstream(role, url):
        return {
            "provider": "custom",
            "model": "org/small" if role == "weak" else "org/large",
            "base_url": url,
            "api_key_env": "CUSTOM_API_KEY",
            "price": PRICES[role],
            "extra_body": {"provider": {"order": ["first"]}},
        }

    return {
        "settings": SETTINGS | settings,
        "weak": upstream("weak", weak_url),
        "strong": upstream("strong", strong_url),
    }


class Model:
    """An OpenAI-compatible server in a thread; `behaviour` says what it does with the next requests."""

    def __init__(self, name):
        self.name = name
        self.behaviour = "well"
        self.words = ["I", " am", " ", name]
        self.usage = dict(USAGE)
        self.pause_s = 0.0
        self.requests = []
        self.headers = []
        self.closed_early = threading.Event()
        self.seen = threading.Semaphore(0)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(20)

    def reset(self):
        self.__dict__.update(behaviour="well", words=["I", " am", " ", self.name], usage=dict(USAGE), pause_s=0.0)
        self.requests.clear()
        self.headers.clear()
        self.closed_early.clear()
        self.seen = threading.Semaphore(0)

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())

    async def _start(self):
        app = web.Application(client_max_size=50_000_000)
        app.router.add_post("/v1/chat/completions", self._answer)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def _answer(self, request):
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        try:
            return await getattr(self, f"_{self.behaviour}")(request, body)
        except (asyncio.CancelledError, ConnectionResetError):
            self.closed_early.set()
            raise

    # -- behaviours --------------------------------------------------------------------------------------------------
    async def _whole(self, body):
        message = {"role": "assistant", "content": "".join(self.words)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return web.json_response(
            {"id": "1", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice],
             "usage": self.usage, "x_extra": {"kept": [1.50, "é"]}}
        )  # fmt: skip

    async def _begin(self, request):
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": working\n\n")
        await response.write(self._chunk({"role": "assistant", "content": ""}))
        return response

    def _chunk(self, delta, finish_reason=None, **more):
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": self.name, "choices": [choice]}
        return f"data: {json.dumps(chunk | more)}\n\n".encode()

    async def _tokens(self, response, words):
        for word in words:
            await response.write(self._chunk({"content": word}))
            await asyncio.sleep(self.pause_s)

    async def _stream(self, request, body):
        response = await self._begin(request)
        await self._tokens(response, self.words)
        await response.write(self._chunk({}, "stop"))
        if (body.get("stream_options") or {}).get("include_usage"):
            await response.write(self._chunk({}, choices=[], usage=self.usage))
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _well(self, request, body):
        return await (self._stream(request, body) if body.get("stream") else self._whole(body))

    async def _stepwise(self, request, body):
        """Each token waits until the test has seen the one before."""
        response = await self._begin(request)
        for word in self.words:
            await response.write(self._chunk({"content": word}))
            await self._loop.run_in_executor(None, self.seen.acquire, True, 20)
        await response.write(self._chunk({}, "stop") + b"data: [DONE]\n\n")
        return response

    async def _hang(self, request, body):
        await asyncio.sleep(600)

    async def _slow_first_token(self, request, body):
        response = await self._begin(request)
        await asyncio.sleep(600)
        return response

    async def _reset_before(self, request, body):
        self._kill(request)

    async def _reset_mid_stream(self, request, body):
        response = await self._begin(request)
        await self._tokens(response, self.words[:2])
        await asyncio.sleep(0.05)
        self._kill(request)
        return response

    async def _end_mid_stream(self, request, body):
        response = await self._begin(request)
        await self._tokens(response, self.words[:2])
        return response

    async def _silence_mid_stream(self, request, body):
        response = await self._begin(request)
        await self._tokens(response, self.words[:2])
        await asyncio.sleep(600)
        return response

    async def _garbage_mid_stream(self, request, body):
        response = await self._begin(request)
        await self._tokens(response, self.words[:2])
        await response.write(b"data: <html>\n\n")
        return response

    async def _garbage(self, request, body):
        return web.Response(body=b"\x00\xff<html>not json" * 5, content_type="application/json")

    async def _garbage_stream(self, request, body):
        response = await self._begin(request)
        await response.write(b"data: {not json}\n\n")
        return response

    async def _error_in_200(self, request, body):
        error = {"message": f"provider said no to {request.headers['authorization']}", "code": 502}
        if not body.get("stream"):
            return web.json_response({"error": error})
        response = await self._begin(request)
        await response.write(f"data: {json.dumps({'error': error})}\n\n".encode())
        return response

    async def _status(self, request, body, status, **said):
        return web.json_response({"error": {"message": "no", "type": "x", "param": None, "code": None} | said},
                                 status=status)  # fmt: skip

    async def _status_500(self, request, body):
        return await self._status(request, body, 500)

    async def _status_429(self, request, body):
        return await self._status(request, body, 429)

    async def _status_401(self, request, body):
        return await self._status(request, body, 401, message=f"wrong key {request.headers['authorization']}")

    async def _status_400(self, request, body):
        said = f"too long for {request.headers['authorization']}"
        return await self._status(request, body, 400, message=said, code="context_length_exceeded", param="messages")

    async def _redirect(self, request, body):
        raise web.HTTPFound("http://127.0.0.1:9/elsewhere")

    @staticmethod
    def _kill(request):
        """A reset instead of an orderly end."""
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


@contextlib.contextmanager
def serve(router, serving, environment=None, keys="", admin_keys=""):
    """The API with this proxy behind uvicorn in a thread: address and proxy."""
    environment = {"CUSTOM_API_KEY": KEY} if environment is None else environment
    app = create_app()
    app.state.runtime = Runtime(router)
    app.state.proxy = proxy = Proxy(serving, environment) if serving else None
    limits = serving.settings if serving else None
    app.state.access = Access(
        Keys.from_environment({"POINTSMAN_API_KEYS": keys}),
        Keys.from_environment({ADMIN_KEYS: admin_keys}, ADMIN_KEYS),
        Limiter(limits.rate_limit) if limits else None,
        tuple(limits.cors_origins) if limits else (),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_):
        yield
        if proxy:
            await proxy.close()

    app.router.lifespan_context = lifespan
    server = uvicorn.Server(
        uvicorn.Config(
            Gate(Shortcut(app, app.state), app.state),
            host="127.0.0.1",
            port=0,
            log_level="error",
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < end
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", proxy
    finally:
        server.should_exit = True
        thread.join(15)
        app.state.runtime.close()
