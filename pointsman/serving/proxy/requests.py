"""Reads a chat request, and writes the one that a model is sent. What is not known here passes through."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from pointsman.config.serving import Upstream
from pointsman.routers.base import router_text
from pointsman.serving.proxy.errors import ApiError
from pointsman.serving.schemas import MAX_CHARACTERS


@dataclass(frozen=True)
class ChatRequest:
    """A body of POST /v1/chat/completions, checked as far as the proxy itself depends on it."""

    body: dict[str, Any]

    @property
    def model(self) -> str:
        """The name that the client asks for."""
        return str(self.body["model"])

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation."""
        return list(self.body["messages"])

    @property
    def streams(self) -> bool:
        """Whether the answer comes token by token."""
        return bool(self.body.get("stream"))

    @property
    def wants_usage(self) -> bool:
        """Whether the client asked for the stream's extra chunk with its usage."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def user(self) -> str | None:
        """Who the client says its user is."""
        user = self.body.get("user")
        return user if isinstance(user, str) and user else None

    @cached_property
    def text(self) -> str:
        """What the router reads; empty where no text is to be read, e.g. of an image alone."""
        text = router_text("", self.messages)[:MAX_CHARACTERS]
        return text.encode("utf-8", "replace").decode()  # JSON may hold half a surrogate pair, a tokenizer may not

    def for_upstream(self, upstream: Upstream) -> bytes:
        """The body for one model: its own name, its fields of conf, and in a stream always the usage."""
        body = {**upstream.extra_body, **self.body, "model": upstream.model}
        if self.streams:
            body["stream_options"] = {**(self.body.get("stream_options") or {}), "include_usage": True}
        return json.dumps(body).encode()


def parse(content: bytes) -> ChatRequest:
    """Read a body.

    Raises:
        ApiError: 400, it is not JSON, or a field that the proxy reads is not what it should be.
    """
    try:
        body = json.loads(content, parse_constant=_refuse_constant)
    except RecursionError as problem:
        raise ApiError(400, "The body is nested too deeply", code="invalid_json") from problem
    except ValueError as problem:
        raise ApiError(400, f"The body is not JSON: {problem}", code="invalid_json") from problem
    if not isinstance(body, dict):
        raise ApiError(400, f"The body is {_kind(body)}, expected an object", code="invalid_type")
    if not isinstance(body.get("model"), str):
        _wrong("model", body.get("model"), "a model's name, e.g. pointsman")
    if not isinstance(body.get("stream"), bool | None):
        _wrong("stream", body["stream"], "true or false")
    if not isinstance(body.get("stream_options"), dict | None):
        _wrong("stream_options", body["stream_options"], "an object")
    _check_messages(body.get("messages"))
    return ChatRequest(body)


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        _wrong("messages", messages, "a list of at least one message")
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if not isinstance(message, dict):
            _wrong(where, message, "an object with role and content")
        if not isinstance(message.get("role"), str):
            _wrong(f"{where}.role", message.get("role"), "system, user, assistant or tool")
        content = message.get("content")
        if not isinstance(content, str | list | None):
            _wrong(f"{where}.content", content, "text or a list of parts")
        for part in content if isinstance(content, list) else []:
            if not isinstance(part, dict) or not isinstance(part.get("text", ""), str):
                _wrong(f"{where}.content", part, "parts that are objects, with text as a string")


def _wrong(name: str, value: Any, expected: str) -> NoReturn:
    found = "missing" if value is None else "an empty list" if value == [] else _kind(value)
    raise ApiError(400, f"{name} is {found}, expected {expected}", code="invalid_value", param=name)


def _kind(value: Any) -> str:
    """A JSON value's type; the value itself may be long or private."""
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), "null")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
