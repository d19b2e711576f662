"""A chat model whose speed is set, which streams as OpenAI's models do, to measure what the proxy adds.

python -m benchmarks.servers.model --first-token-s 0.2 --tokens 20 --token-s 0.01
"""

import argparse
import asyncio
import contextlib
import json
from typing import Any

from aiohttp import web

USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}


def create_app(first_token_s: float, tokens: int, token_s: float) -> web.Application:
    """The server; every answer is the same."""

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        await asyncio.sleep(first_token_s)
        if not body.get("stream"):
            await asyncio.sleep(tokens * token_s)
            return web.json_response(_whole(body["model"], tokens))
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(tokens):
            await response.write(_event(body["model"], {"index": 0, "delta": {"content": " word"}}))
            await asyncio.sleep(token_s)
        await response.write(_event(body["model"], {"index": 0, "delta": {}, "finish_reason": "stop"}))
        if (body.get("stream_options") or {}).get("include_usage"):
            await response.write(_line({"id": "1", "model": body["model"], "choices": [], "usage": USAGE}))
        await response.write(b"data: [DONE]\n\n")
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    return app


def _whole(model: str, tokens: int) -> dict[str, Any]:
    message = {"role": "assistant", "content": " word" * tokens}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "model": model, "choices": [choice], "usage": USAGE}


def _event(model: str, choice: dict[str, Any]) -> bytes:
    return _line({"id": "1", "object": "chat.completion.chunk", "model": model, "choices": [choice]})


def _line(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


async def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8002, help="0: any that is free")
    parser.add_argument("--first-token-s", type=float, default=0.2)
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--token-s", type=float, default=0.01)
    options = parser.parse_args()
    runner = web.AppRunner(create_app(options.first_token_s, options.tokens, options.token_s))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port, backlog=1024)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
