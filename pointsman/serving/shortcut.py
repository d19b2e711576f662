"""Chat requests past the layers of BentoML and FastAPI, which take longer than the proxy's own work."""

from starlette.datastructures import State
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pointsman.serving import problems
from pointsman.serving.dependencies import loaded_proxy
from pointsman.serving.limits import BodyLimits
from pointsman.serving.proxy import endpoints
from pointsman.serving.proxy.errors import ApiError


class Shortcut:
    """ASGI middleware that answers chat requests, as the API's endpoint does, and hands on everything else."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        """`state` is the API's; it holds the runtime and the proxy once the service has started."""
        self._app = app
        self._state = state
        self._chat = BodyLimits(self._answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        is_chat = scope["type"] == "http" and scope["path"] == endpoints.CHAT_PATH and scope["method"] == "POST"
        await (self._chat if is_chat else self._app)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._complete(Request(scope, receive))
        except ClientDisconnect:  # before its body was here
            return
        except Exception:
            failed = problems.answer(scope["path"], 500, problems.FAILED)
            await failed(scope, receive, send)
            raise  # the server logs it
        await response(scope, receive, send)

    async def _complete(self, request: Request) -> Response:
        try:
            return await endpoints.chat_completions(request, self._state.runtime, loaded_proxy(self._state))
        except ApiError as problem:
            return problems.refuse(problem)
