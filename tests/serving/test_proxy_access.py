"""Who may ask, how often, from where; the roll-out while the service runs; what is counted."""

import re

import httpx
import openai
import pytest
from proxy_cases import KEY, serve

ASK = [{"role": "user", "content": "what is the capital"}]
KEYS = "first-key-of-ours,second-key-of-ours"
FIRST, SECOND = ({"authorization": f"Bearer {key}"} for key in KEYS.split(","))
ADMIN = {"authorization": "Bearer admin-key"}
WEAK = "pointsman-1"


def chat(url, headers=None, **body):
    return httpx.post(
        f"{url}/v1/chat/completions", json={"model": WEAK, "messages": ASK} | body, headers=headers, timeout=30
    )


@pytest.fixture(scope="module")
def guarded(router, pair):
    with serve(router, pair(cors_origins=["https://app.example.com"]), keys=KEYS) as (url, _):
        yield url


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": KEYS}])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("POST", "/predict"), ("POST", "/predict/batch"), ("GET", "/docs"), ("GET", "/openapi.json"),
     ("GET", "/v1/models"), ("POST", "/v1/chat/completions"), ("GET", "/v1/pointsman/rollout"),
     ("PUT", "/v1/pointsman/rollout"), ("GET", "/nothing"), ("GET", "/health/"), ("OPTIONS", "/predict")],
)  # fmt: skip
def test_without_a_key_everything_is_refused_in_openais_form(guarded, weak, strong, method, path, headers):
    answer = httpx.request(method, f"{guarded}{path}", headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {"error": {"message": "A valid key is needed: Authorization: Bearer KEY",
                                       "type": "authentication_error", "param": None, "code": "invalid_api_key"}}  # fmt: skip
    assert answer.headers["www-authenticate"] == "Bearer"


def test_health_needs_no_key(guarded):
    assert httpx.get(f"{guarded}/health").json()["status"] == "healthy"


@pytest.mark.parametrize("key", KEYS.split(","))
def test_each_key_opens_everything(guarded, weak, strong, key):
    with openai.OpenAI(base_url=f"{guarded}/v1", api_key=key, max_retries=0) as client:
        assert client.chat.completions.create(model=WEAK, messages=ASK).choices[0].message.content == "I am small"
        assert len(list(client.models.list())) == 3
    answer = httpx.post(f"{guarded}/predict", json={"text": "hello"}, headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    assert key not in str(weak.headers)


def test_a_wrong_key_is_the_clients_own_error(guarded):
    with (
        openai.OpenAI(base_url=f"{guarded}/v1", api_key="wrong", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError, match="A valid key is needed"),
    ):
        client.chat.completions.create(model=WEAK, messages=ASK)


def test_only_listed_pages_may_call(guarded, router, pair):
    def preflight(url, origin):
        headers = {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization",
        }
        return httpx.options(f"{url}/v1/chat/completions", headers=headers)

    allowed = preflight(guarded, "https://app.example.com")
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "https://app.example.com")
    assert "access-control-allow-origin" not in preflight(guarded, "https://evil.example.com").headers
    refused = httpx.get(f"{guarded}/v1/models", headers={"origin": "https://app.example.com"})
    assert (
        refused.headers["access-control-allow-origin"] == "https://app.example.com"
    )  # so that a page can read the 401
    assert "x-pointsman-threshold" in refused.headers["access-control-expose-headers"]
    with serve(router, pair()) as (url, _):
        assert "access-control-allow-origin" not in preflight(url, "https://app.example.com").headers


def test_each_key_has_its_own_limit(router, pair, weak, strong):
    limit = {"requests_per_minute": 1, "burst": 2}
    with serve(router, pair(rate_limit=limit), keys=KEYS) as (url, _):
        answers = [chat(url, FIRST) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        error = answers[2].json()["error"]
        assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
        assert 0 < int(answers[2].headers["retry-after"]) <= 60
        assert chat(url, SECOND).status_code == 200
        assert httpx.get(f"{url}/v1/models", headers=FIRST).status_code == 200
        assert httpx.post(f"{url}/predict", json={"text": "a"}, headers=FIRST).status_code == 429


def test_without_keys_only_this_machine_is_answered(router, pair, asgi_call):
    refused = asgi_call(server=("10.1.2.3", 3000))
    assert (refused[0], refused[1]["error"]["code"]) == (403, "no_keys_set")
    assert asgi_call(server=("127.0.0.1", 3000))[0] == 200
    assert asgi_call(server=("/run/router.sock", None))[0] == 200


@pytest.fixture
def asgi_call(router, pair):
    """GET / as a server that was reached at some address of its own would hand it on."""
    import asyncio
    import json

    from pointsman.serving.api import create_app
    from pointsman.serving.proxy.access import Access, Gate
    from pointsman.serving.runtime import Runtime

    app = create_app()
    app.state.runtime, app.state.access = Runtime(router), Access()
    gate = Gate(app, app.state)

    def call(server):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "server": server, "query_string": b"",
                 "scheme": "http", "client": ("10.0.0.9", 1), "root_path": "", "http_version": "1.1"}  # fmt: skip
        asyncio.run(gate(scope, receive, send))
        return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent[1:]))

    yield call
    app.state.runtime.close()


def test_the_rollout_changes_while_the_service_runs(router, pair, weak, strong):
    with serve(router, pair(mode="shadow"), admin_keys="admin-key") as (url, _):
        path = f"{url}/v1/pointsman/rollout"
        assert httpx.get(path).json() == {"mode": "shadow", "ramp": 0.1}
        shadowed = chat(url)
        assert (shadowed.headers["x-pointsman-route"], shadowed.headers["x-pointsman-model"]) == ("strong", "org/large")
        assert httpx.put(path, json={"mode": "ramp", "ramp": 0.3}, headers=ADMIN).json() == {
            "mode": "ramp",
            "ramp": 0.3,
        }
        routes = {user: chat(url, user=user).headers["x-pointsman-route"] for user in map(str, range(40))}
        assert set(routes.values()) == {"weak", "strong"}
        again = {user: chat(url, {"x-pointsman-user": user}).headers["x-pointsman-route"] for user in routes}
        assert again == routes
        assert httpx.put(path, json={"mode": "route", "ramp": 0.3}, headers=ADMIN).status_code == 200
        assert chat(url).headers["x-pointsman-route"] == "weak"
        assert chat(url, model="pointsman-strong").headers["x-pointsman-route"] == "strong"


@pytest.mark.parametrize(
    ("keys", "admin_keys", "headers", "status", "code"),
    [("", "", {}, 403, "no_admin_keys_set"), (KEYS, "", FIRST, 403, "no_admin_keys_set"),
     (KEYS, "admin-key", FIRST, 403, "not_an_admin_key"), (KEYS, "admin-key", {}, 401, "invalid_api_key"),
     ("", "admin-key", {}, 401, "invalid_api_key"), ("", "admin-key", FIRST, 401, "invalid_api_key"),
     (KEYS, "admin-key", ADMIN, 200, None), ("", "admin-key, another", ADMIN, 200, None)],
)  # fmt: skip
def test_only_an_administrators_key_changes_the_rollout(router, pair, keys, admin_keys, headers, status, code):
    with serve(router, pair(), keys=keys, admin_keys=admin_keys) as (url, proxy):
        body = {"mode": "shadow", "ramp": 0.5}
        answer = httpx.put(f"{url}/v1/pointsman/rollout", json=body, headers=headers)
        assert (answer.status_code, answer.json().get("error", {}).get("code")) == (status, code)
        assert proxy.rollout.mode == ("shadow" if status == 200 else "route")


def test_an_administrators_key_opens_all_else_too(router, pair, weak, strong):
    with serve(router, pair(), keys=KEYS, admin_keys="admin-key") as (url, _):
        assert chat(url, ADMIN).status_code == 200
        assert httpx.get(f"{url}/v1/pointsman/rollout", headers=FIRST).status_code == 200


@pytest.mark.parametrize("body", [{}, {"mode": "half", "ramp": 0.1}, {"mode": "ramp", "ramp": 1.1}, {"mode": "ramp"},
                                  {"mode": "ramp", "ramp": 0.1, "more": 1}, [], "x"])  # fmt: skip
def test_a_wrong_rollout_changes_nothing(router, pair, body):
    with serve(router, pair(), admin_keys="admin-key") as (url, proxy):
        answer = httpx.put(f"{url}/v1/pointsman/rollout", json=body, headers=ADMIN)
        assert (answer.status_code, answer.json().keys()) == (422, {"error"})
        assert proxy.rollout.mode == "route"


def test_arms_models_tokens_and_dollars_are_counted(router, pair, weak, strong):
    from prometheus_client import REGISTRY

    def value(name, **labels):
        return REGISTRY.get_sample_value(f"pointsman_proxy_{name}", labels) or 0.0

    def values():
        return {
            "routed": value("requests_total", arm="routed", route="weak", status="200"),
            "fallbacks": value("fallbacks_total", arm="routed"),
            "failures": value("upstream_failures_total", role="weak", kind="status"),
            "stops": value("finishes_total", arm="routed", reason="stop"),
            "completion by weak": value("tokens_total", arm="routed", role="weak", kind="completion"),
            "completion by strong": value("tokens_total", arm="routed", role="strong", kind="completion"),
            "spent": value("spent_usd_total", arm="routed"),
            "saved": value("saved_usd", arm="routed"),
            "lengths": value("completion_tokens_count", arm="routed"),
            "weak first tokens": value("first_token_seconds_count", role="weak"),
            "strong seconds": value("seconds_count", role="strong"),
            "unavailable": value("requests_total", arm="routed", route="weak", status="503"),
        }

    with serve(router, pair()) as (url, _):
        before = values()
        assert chat(url).status_code == chat(url, stream=True).status_code == 200
        weak.behaviour = "status_500"
        assert chat(url).headers["x-pointsman-fallback"] == "true"
        strong.behaviour = "status_500"
        assert chat(url).status_code == 503
    grown = {name: pytest.approx(value - before[name]) for name, value in values().items()}
    weakly, strongly = (10 * 1 + 4 * 2) / 1e6, (10 * 10 + 4 * 20) / 1e6
    assert grown == {
        "routed": 3, "fallbacks": 1, "failures": 2, "stops": 3, "completion by weak": 8, "completion by strong": 4,
        "spent": 2 * weakly + strongly, "saved": 2 * (strongly - weakly), "lengths": 3, "weak first tokens": 2,
        "strong seconds": 1, "unavailable": 1,
    }  # fmt: skip


def test_what_openrouter_bills_comes_before_the_price(router, pair, weak, strong):
    from prometheus_client import REGISTRY

    def spent():
        return REGISTRY.get_sample_value("pointsman_proxy_spent_usd_total", {"arm": "routed"}) or 0.0

    weak.usage["cost"] = 0.25
    with serve(router, pair()) as (url, _):
        before = spent()
        chat(url)
        chat(url, stream=True)
    assert spent() - before == pytest.approx(0.5)


def test_keys_and_secrets_are_in_no_page(router, pair, weak, strong):
    with serve(router, pair(), keys=KEYS) as (url, _):
        pages = [
            httpx.get(f"{url}{path}", headers=FIRST).text for path in ("/", "/health", "/openapi.json", "/v1/models")
        ]
    for page in pages:
        assert not re.search(f"{KEY}|{KEYS.replace(',', '|')}", page)
