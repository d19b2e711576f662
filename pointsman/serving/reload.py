"""Takes over a newly packaged router on SIGHUP, while the service goes on answering."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from pointsman.config.serving import Serving
from pointsman.llm.providers import read_environment
from pointsman.routers.packaged import Packaged
from pointsman.serving.errors import ServingError
from pointsman.serving.metrics import metrics
from pointsman.serving.proxy.proxy import read_serving
from pointsman.serving.runtime import Runtime, load_router
from pointsman.serving.settings import Settings


def pass_on_hangups() -> None:
    """Let BentoML's supervisor hand SIGHUP on to the worker, as its own `send_hup` does.

    Otherwise it would start a second worker and stop the first, whether or not the second can serve.
    """
    from circus.sighandler import SysHandler  # type: ignore[import-untyped]  # here, since no worker needs it

    def handle_hup(handler: SysHandler) -> None:
        for watcher in handler.controller.arbiter.iter_watchers():
            watcher.send_hup = True
        handler.reload()

    SysHandler.handle_hup = handle_hup


class Reloader:
    """Replaces a runtime's router by what its folder holds now; one that cannot serve replaces nothing."""

    def __init__(self, runtime: Runtime, serving: Serving | None) -> None:
        """`serving` is the serving.json that is in use."""
        self._runtime = runtime
        self._serving = serving
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self) -> None:
        """Reload on each SIGHUP from now on, where there are such signals."""
        with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._start)

    async def reload(self) -> None:
        """Read the folder, and say in one line what became of it."""
        async with self._lock:
            try:
                router = await asyncio.to_thread(self._read)
            except ServingError as problem:
                metrics().reloads.labels(outcome="refused").inc()
                _say(f"not reloaded, router {self._runtime.router.version} serves on: {problem}")
            else:
                before, self._runtime.router = self._runtime.router, router
                metrics().reloads.labels(outcome="done").inc()
                _say(f"reloaded, router {router.version} serves instead of {before.version}")

    def _start(self) -> None:
        task = asyncio.ensure_future(self.reload())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _read(self) -> Packaged:
        settings = Settings.from_environment(read_environment(Path()))
        router = load_router(settings)
        if read_serving(settings.folder) != self._serving:
            raise ServingError(
                f"{settings.folder}/serving.json names other models or settings than those in use. Restart the service"
            )
        return router


def _say(line: str) -> None:
    print(f"pointsman: {line}", file=sys.stderr, flush=True)  # noqa: T201
