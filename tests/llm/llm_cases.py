"""A test server's requests and answers."""

import json
from dataclasses import replace
from typing import Any

from werkzeug import Request as Received
from werkzeug import Response

from pointsman.llm.types import Request

KEY = "sk-very-secret"
MODEL = "org/model"


def request(text: str = "Why?", **changes: Any) -> Request:
    basis = Request(provider="remote", model=MODEL, messages=({"role": "user", "content": text},), max_tokens=16)
    return replace(basis, **changes)


def body(content: str | None = "Because.", **changes: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "model": MODEL,
        "provider": "some host",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 4},
        **changes,
    }


def echo(received: Received) -> Response:
    """Answers with the last message, so that each answer shows which request it belongs to."""
    sent = json.loads(received.data)
    return Response(json.dumps(body(f"echo: {sent['messages'][-1]['content']}")), content_type="application/json")
