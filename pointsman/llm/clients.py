"""OpenAI clients, one for each request that may be under way."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from pointsman.config.llm import LlmConfig, Provider, Weights
from pointsman.llm.errors import ProviderError
from pointsman.llm.local import model_file, serving, share_out
from pointsman.llm.providers import Endpoint, is_billed

_NO_KEY = "none"


@contextlib.asynccontextmanager
async def remote_clients(base_url: str, key: str | None, provider: Provider) -> AsyncIterator[list[AsyncOpenAI]]:
    """Clients of an address, as many as requests may be under way at once; who asks repeats what failed.

    Each has a connection of its own: a pool looks at all of its connections for each request.
    """
    certificates = httpx2.create_ssl_context()
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                AsyncOpenAI(
                    base_url=base_url,
                    api_key=key or _NO_KEY,
                    timeout=provider.timeout_s,
                    max_retries=0,
                    http_client=DefaultAsyncHttpxClient(verify=certificates),
                )
            )
            for _ in range(provider.concurrency)
        ]


@contextlib.asynccontextmanager
async def local_clients(
    model: str, provider: Provider, weights: Mapping[str, Weights], llm: LlmConfig
) -> AsyncIterator[list[AsyncOpenAI]]:
    """A client of each copy of a model that is started for the time of the `async with` block.

    Raises:
        ProviderError: conf has no such weights, or does not say how large the model is.
    """
    if model not in weights:
        raise ProviderError(f"local model {model!r} is no key of weights; expected one of {', '.join(weights)}")
    if weights[model].parameters is None and not is_billed(provider, model):
        raise ProviderError(f"weights.{model}.parameters is null; its answers' cost needs it, e.g. 494032768")
    path = model_file(model, weights[model])
    lanes = share_out(llm.threads, provider.concurrency)
    async with contextlib.AsyncExitStack() as stack:
        # A proxy of the environment must not come between this process and itself.
        addresses = stack.enter_context(serving(path, lanes, llm.context_tokens))
        yield [
            await stack.enter_async_context(
                AsyncOpenAI(
                    base_url=address,
                    api_key=_NO_KEY,
                    timeout=provider.timeout_s,
                    max_retries=0,
                    http_client=DefaultAsyncHttpxClient(trust_env=False),
                )
            )
            for address in addresses
        ]


def clients(
    model: str | None, where: Endpoint, provider: Provider, weights: Mapping[str, Weights], llm: LlmConfig
) -> contextlib.AbstractAsyncContextManager[list[AsyncOpenAI]]:
    """Clients of an address, or of copies of `model` in this process."""
    if where.base_url is not None or model is None:
        return remote_clients(where.base_url or "", where.api_key, provider)
    return local_clients(model, provider, weights, llm)


async def post_chat(client: AsyncOpenAI, body: Mapping[str, Any]) -> httpx2.Response:
    """Send a chat request as it is; the client's own method takes longer to check it than all the rest takes.

    Raises:
        APIError: no HTTP 200 came back.
    """
    return await client.post("/chat/completions", cast_to=httpx2.Response, body=body)
