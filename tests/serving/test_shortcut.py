"""Chat requests past the API's layers: what is answered there, and what is handed on."""

import asyncio
import json

import pytest
from starlette.datastructures import State

from pointsman.serving.api import create_app
from pointsman.serving.shortcut import Shortcut

CHAT = {"model": "pointsman", "messages": [{"role": "user", "content": "hi"}]}


def scope_of(path="/v1/chat/completions", method="POST", kind="http"):
    headers = [(b"content-type", b"application/json")]
    return {"type": kind, "path": path, "method": method, "headers": headers, "query_string": b""}


def call(app, scope, *messages):
    """What the app sends for a request of these messages, of which the last comes again and again."""
    sent, received = [], list(messages)

    async def receive():
        return received.pop(0) if len(received) > 1 else received[0]

    async def send(message):
        sent.append(message)

    try:
        asyncio.run(app(scope, receive, send))
    except Exception as problem:  # as a server would
        return sent, problem
    return sent, None


def body(value):
    return {"type": "http.request", "body": json.dumps(value).encode(), "more_body": False}


def handed_on(scope):
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)

    call(Shortcut(app, State()), scope, body(CHAT))
    return seen == [scope]


@pytest.mark.parametrize(
    "scope",
    [scope_of("/predict"), scope_of("/v1/models", "GET"), scope_of(method="GET"), scope_of("/v1/chat/completions/"),
     {"type": "lifespan"}, scope_of(kind="websocket")],
    ids=["path", "models", "method", "slash", "lifespan", "websocket"],
)  # fmt: skip
def test_only_chat_requests_are_answered_here(scope):
    assert handed_on(scope)
    assert not handed_on(scope_of())


def test_without_a_proxy_both_ways_say_the_same():
    app = create_app()
    app.state.runtime = app.state.proxy = None
    short, direct = (call(way, scope_of(), body(CHAT))[0] for way in (Shortcut(app, app.state), app))
    assert short == direct
    assert short[0]["status"] == 503
    assert json.loads(short[1]["body"])["error"]["code"] == "not_set_up"


def test_what_fails_is_told_in_openais_form_and_raised_for_the_servers_log():
    class Broken:
        async def complete(self, *_):
            raise RuntimeError("a secret")

    app = create_app()
    app.state.runtime, app.state.proxy = None, Broken()
    answers = [call(way, scope_of(), body(CHAT)) for way in (Shortcut(app, app.state), app)]
    assert answers[0][0] == answers[1][0]
    (start, end), problem = answers[0]
    assert start["status"] == 500
    assert json.loads(end["body"])["error"]["type"] == "server_error"
    assert b"secret" not in end["body"]
    assert isinstance(problem, RuntimeError)


def test_a_client_that_goes_before_its_body_is_here_gets_nothing_and_breaks_nothing():
    app = create_app()
    app.state.runtime, app.state.proxy = None, object()
    begun = {"type": "http.request", "body": b'{"mod', "more_body": True}
    assert call(Shortcut(app, app.state), scope_of(), begun, {"type": "http.disconnect"}) == ([], None)
