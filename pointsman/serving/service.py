"""The BentoML service: `bentoml serve pointsman.serving.service:Router`."""

import asyncio
import gc
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import bentoml
import click
from bentoml._internal.container import BentoMLContainer  # type: ignore[attr-defined]
from starlette.types import Receive, Scope, Send

from pointsman.llm.providers import read_environment
from pointsman.routers.packaged import Packaged
from pointsman.serving.api import create_app
from pointsman.serving.chain import ShortChain
from pointsman.serving.docs_page import add_docs_page
from pointsman.serving.errors import ServingError
from pointsman.serving.proxy.access import Access, Gate, Limiter, check_host
from pointsman.serving.proxy.keys import ADMIN_KEYS, Keys
from pointsman.serving.proxy.proxy import Proxy, read_serving
from pointsman.serving.reload import Reloader, pass_on_hangups
from pointsman.serving.runtime import Runtime, load_router
from pointsman.serving.settings import Settings
from pointsman.serving.shortcut import Shortcut

SWAGGER_UI = Path(bentoml.__file__).parent / "_internal" / "server" / "static_content"

api = create_app()
add_docs_page(api, SWAGGER_UI)


async def everything_else(scope: Scope, receive: Receive, send: Send) -> None:
    """The API, for every path that is not BentoML's own /livez, /readyz, /healthz, /metrics or /schema.json.

    BentoML asks a mounted FastAPI object which paths it knows, and answers the others itself; a plain function gets
    them all, so that `/` and an unknown path are answered by the API as well.
    """
    await api(scope, receive, send)


class Parts(NamedTuple):
    """What the service is made of."""

    router: Packaged
    access: Access
    proxy: Proxy | None


def build(environment: Mapping[str, str]) -> Parts:
    """Read the packaged folder, with what the operator set.

    Raises:
        ServingError: something is wrong with either.
    """
    settings = Settings.from_environment(environment)
    keys, admins = Keys.from_environment(environment), Keys.from_environment(environment, ADMIN_KEYS)
    router, serving = load_router(settings), read_serving(settings.folder)
    if serving is None:
        return Parts(router, Access(keys, admins), None)
    limits = serving.settings
    access = Access(keys, admins, Limiter(limits.rate_limit), tuple(limits.cors_origins))
    return Parts(router, access, Proxy(serving, environment))


@bentoml.service(
    name="pointsman",
    workers=1,
    http={"host": "127.0.0.1", "port": 3000},
    logging={"access": {"enabled": False}},
)
@bentoml.asgi_app(everything_else, path="/")
class Router:
    """Routes prompts with the packaged router."""

    def __init__(self) -> None:
        router, api.state.access, self.proxy = build(read_environment(Path()))
        self.runtime = Runtime(router)
        api.state.runtime, api.state.proxy = self.runtime, self.proxy

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def check() -> None:
        """Stop before a worker is started, which BentoML would restart for ever, when it could not serve."""
        try:
            parts = build(read_environment(Path()))
            check_host(_host(), parts.access.keys)
            if parts.proxy is not None:
                asyncio.run(parts.proxy.close())
        except ServingError as problem:
            raise SystemExit(f"pointsman: {problem}") from None
        pass_on_hangups()

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    def listen(self) -> None:
        """Read the router anew on SIGHUP; and let the garbage collector pass over all that the start left behind."""
        gc.collect()
        gc.freeze()
        Reloader(self.runtime, self.proxy.serving if self.proxy else None).listen()

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def close(self) -> None:
        """Stop the runtime's threads, and close what the proxy holds open."""
        self.runtime.close()
        if self.proxy is not None:
            await self.proxy.close()


Router.add_asgi_middleware(ShortChain)  # type: ignore[attr-defined]
Router.add_asgi_middleware(Gate, state=api.state)  # type: ignore[attr-defined]
Router.add_asgi_middleware(Shortcut, state=api.state)  # type: ignore[attr-defined]


def _host() -> str:
    """The address that the command line, BENTOML_HOST or BentoML's configuration gives, in this order."""
    context = click.get_current_context(silent=True)
    given = context.params.get("host") if context else None
    return str(given or BentoMLContainer.http.host.get())
