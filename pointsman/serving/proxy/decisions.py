"""The decision log: one JSON line a request, written by a thread of its own into files that rotate."""

import contextlib
import json
import logging
import os
import queue
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from logging.handlers import QueueListener, RotatingFileHandler
from pathlib import Path
from typing import Any

from pointsman.config.serving import DecisionLogConfig
from pointsman.routers.base import router_text
from pointsman.serving.errors import ServingError
from pointsman.serving.proxy.meters import meters
from pointsman.serving.proxy.requests import ChatRequest

MAX_WAITING = 10_000  # rows; while the disk cannot keep up, further ones are counted and lost
MAX_PROMPT_CHARS = 100_000  # what `queries=file` accepts by default


class DecisionLog:
    """Takes rows without making a request wait for the disk."""

    def __init__(self, config: DecisionLogConfig) -> None:
        """Opens the file `config.path`, readable by this user alone.

        Raises:
            ServingError: it cannot be written.
        """
        self.keeps_text = config.text
        self._rows: queue.Queue[logging.LogRecord] = queue.Queue(MAX_WAITING)
        self._listener = QueueListener(self._rows, _files(config))
        self._listener.start()

    def write(self, row: Mapping[str, Any]) -> None:
        """Keep a row, soon."""
        record = logging.makeLogRecord({"msg": json.dumps(row, ensure_ascii=False)})
        try:
            self._rows.put_nowait(record)
        except queue.Full:
            meters().lost_rows.inc()

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._listener.stop()
        for handler in self._listener.handlers:
            with contextlib.suppress(OSError):  # of a full disk; the rows are counted as lost already
                handler.close()


def texts(request: ChatRequest) -> dict[str, Any] | None:
    """The prompt and, of a longer conversation, its messages, as `queries=file` reads them; null where no text is.

    Pictures and other parts that are not text are left out.
    """
    said = [{"role": message["role"], "content": _clean(router_text("", [_as_user(message)]))}
            for message in request.messages]  # fmt: skip
    prompt = next((message["content"] for message in reversed(said) if message["role"] == "user"), "")
    if not prompt.strip():
        return None
    is_plain = len(said) == 1
    return {"prompt": prompt, "messages": None if is_plain else said}


def _as_user(message: dict[str, Any]) -> dict[str, Any]:
    """The message such that `router_text` gives its text, whoever said it."""
    return {"role": "user", "content": message.get("content")}


def _clean(text: str) -> str:
    return text[:MAX_PROMPT_CHARS].encode("utf-8", "replace").decode()


def _files(config: DecisionLogConfig) -> "_Files":
    path = Path(config.path or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _Files(path, maxBytes=config.max_mb * 1_000_000, backupCount=config.files, encoding="utf-8")
    except OSError as problem:
        raise ServingError(
            f"serving.decision_log.path is {config.path!r}, which cannot be written: {problem.strerror}. "
            "Name another in conf/serving/default.yaml; then python -m pointsman.config.compose && dvc repro package"
        ) from problem
    handler.namer = _name
    return handler


def _name(default: str) -> str:
    """`decisions.jsonl.2` as `decisions.2.jsonl`: the suffix says what is in a file."""
    path, number = Path(default), Path(default).suffix
    return str(path.with_suffix("").with_suffix(f"{number}{path.with_suffix('').suffix}"))


class _Files(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding=self.encoding)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        """Count the row as lost; the standard library would print it, prompt and all."""
        meters().lost_rows.inc()
        print(f"pointsman: decision log: {sys.exc_info()[1]}", file=sys.stderr)  # noqa: T201
