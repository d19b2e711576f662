"""What many requests to a local model begin with is read once.

llama.cpp can keep what it has read of a prompt and read on from there. Left to itself it goes on from whatever the
request before has in common, so that an answer depends, in the last digits of its probabilities, on the order of the
requests. Here the state after the common beginning is saved, and restored before each request: the time of reading it
is saved, and an answer still depends on its request alone.
"""

import hashlib
import json
from typing import Any

from openai import AsyncOpenAI

from pointsman.llm.types import Request

REUSE = {"cache_prompt": True}  # goes with the request whose beginning was restored


class Beginnings:
    """Saved states of the copies of one model."""

    def __init__(self) -> None:
        self._saved: set[str] = set()

    async def restore(self, client: AsyncOpenAI, request: Request) -> None:
        """Bring the copy behind `client` to where it has read what the request shares with others.

        Raises:
            APIError: as of any request to it.
        """
        shared = _shared(request)
        name = hashlib.sha256(json.dumps([str(client.base_url), request.model, shared]).encode()).hexdigest()
        if name not in self._saved:
            await _slot(client, "erase", name)
            prompt = await _templated(client, shared)
            await _post(client, "completion", {"prompt": prompt, "n_predict": 0, **REUSE})
            await _slot(client, "save", name)
            self._saved.add(name)
        await _slot(client, "restore", name)


def _shared(request: Request) -> list[dict[str, Any]]:
    """All messages but the last, and the beginning of the last."""
    last = request.messages[-1]
    return [*request.messages[:-1], last | {"content": str(last["content"])[: request.shared_chars]}]


async def _templated(client: AsyncOpenAI, messages: list[dict[str, Any]]) -> str:
    """The model's prompt up to where the last message ends."""
    prompt = str((await _post(client, "apply-template", {"messages": messages}))["prompt"])
    end = str(messages[-1]["content"])
    return prompt[: prompt.rindex(end) + len(end)]


async def _slot(client: AsyncOpenAI, action: str, name: str) -> None:
    await _post(client, f"slots/0?action={action}", {"filename": name})


async def _post(client: AsyncOpenAI, path: str, body: dict[str, Any]) -> dict[str, Any]:
    address = client.base_url.join(f"/{path}")
    reply: dict[str, Any] = await client.post(str(address), cast_to=dict[str, Any], body=body)
    return reply
