"""What endpoints need of the service that has started."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import State

from pointsman.serving.proxy.errors import ApiError
from pointsman.serving.proxy.proxy import Proxy
from pointsman.serving.runtime import Runtime


async def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def loaded_proxy(state: State) -> Proxy:
    """The proxy of a service that has started.

    Raises:
        ApiError: 503, its router was packaged without one.
    """
    proxy: Proxy | None = state.proxy
    if proxy is None:
        raise ApiError(
            503, "This router was packaged without serving.json. Package it with: dvc repro package", code="not_set_up"
        )
    return proxy


async def _proxy(request: Request) -> Proxy:
    return loaded_proxy(request.app.state)


Loaded = Annotated[Runtime, Depends(_runtime)]
Ready = Annotated[Proxy, Depends(_proxy)]
