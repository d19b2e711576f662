"""The BentoML service: `bentoml serve pointsman.serving.service:Router`."""

import os
from pathlib import Path

import bentoml
from starlette.types import Receive, Scope, Send

from pointsman.serving.api import create_app
from pointsman.serving.docs_page import add_docs_page
from pointsman.serving.errors import ServingError
from pointsman.serving.runtime import Runtime, load_router
from pointsman.serving.settings import Settings

SWAGGER_UI = Path(bentoml.__file__).parent / "_internal" / "server" / "static_content"
TIMEOUT_S = 30

api = create_app()
add_docs_page(api, SWAGGER_UI)


async def everything_else(scope: Scope, receive: Receive, send: Send) -> None:
    """The API, for every path that is not BentoML's own /livez, /readyz, /healthz, /metrics or /schema.json.

    BentoML asks a mounted FastAPI object which paths it knows, and answers the others itself; a plain function gets
    them all, so that `/` and an unknown path are answered by the API as well.
    """
    await api(scope, receive, send)


@bentoml.service(
    name="pointsman",
    workers=1,
    http={"host": "127.0.0.1", "port": 3000},
    traffic={"timeout": TIMEOUT_S},
    logging={"access": {"enabled": False}},
)
@bentoml.asgi_app(everything_else, path="/")
class Router:
    """Routes prompts with the packaged router."""

    def __init__(self) -> None:
        self.runtime = Runtime(load_router(Settings.from_environment(os.environ)))
        api.state.runtime = self.runtime

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def check() -> None:
        """Stop before a worker is started, which BentoML would restart for ever, when there is nothing to serve."""
        try:
            load_router(Settings.from_environment(os.environ))
        except ServingError as problem:
            raise SystemExit(f"pointsman: {problem}") from None

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def close(self) -> None:
        """Stop the runtime's threads."""
        self.runtime.close()
