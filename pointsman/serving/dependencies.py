"""What endpoints need of the service that has started."""

from typing import Annotated

from fastapi import Depends, Request

from pointsman.serving.proxy.errors import ApiError
from pointsman.serving.proxy.proxy import Proxy
from pointsman.serving.runtime import Runtime


async def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _proxy(request: Request) -> Proxy:
    proxy: Proxy | None = request.app.state.proxy
    if proxy is None:
        raise ApiError(
            503, "This router was packaged without serving.json. Package it with: dvc repro package", code="not_set_up"
        )
    return proxy


Loaded = Annotated[Runtime, Depends(_runtime)]
Ready = Annotated[Proxy, Depends(_proxy)]
