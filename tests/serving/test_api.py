"""The HTTP API as BentoML serves it: every field, every refusal."""

import asyncio
import json
import re

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman import __version__

JSON = {"content-type": "application/json"}
PREDICTION = {"text", "score", "route_label", "route", "threshold", "truncated", "processing_time_ms"}


def test_root_says_what_is_served(client, router):
    answer = client.get("/")
    assert answer.status_code == 200
    info = answer.json()
    assert info.pop("endpoints").keys() >= {"GET /health", "POST /predict", "POST /predict/batch", "GET /docs"}
    assert info == {
        "name": "pointsman",
        "version": __version__,
        "router": router.name,
        "router_version": router.version,
        "threshold": router.threshold,
        "max_tokens": router.max_tokens,
    }


def test_every_endpoint_that_root_names_is_there(client):
    for endpoint in client.get("/").json()["endpoints"]:
        method, path = endpoint.split()
        if path != "/metrics":  # it needs the folder that `bentoml serve` makes
            assert client.request(method, path).status_code not in (404, 405), endpoint


def test_health(client, router):
    health = client.get("/health").json()
    assert health.pop("uptime_seconds") >= 0
    assert health == {"status": "healthy", "model_loaded": True, "device": router.device}


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_bentomls_own_probes_stay(client, path):
    assert client.get(path).status_code == 200


def test_predict(client, router):
    answer = client.post("/predict", json={"text": "Merge two sorted lists."})
    assert answer.status_code == 200
    prediction = answer.json()
    assert prediction.keys() == PREDICTION
    assert prediction["text"] == "Merge two sorted lists."
    assert prediction["score"] == router.scores(["Merge two sorted lists."]).score[0]
    assert prediction["threshold"] == router.threshold
    assert prediction["truncated"] is False
    assert prediction["processing_time_ms"] > 0


def test_the_route_is_strong_only_above_the_threshold(client):
    score = client.post("/predict", json={"text": "hello"}).json()["score"]
    assert 0 < score < 1

    def routed(threshold):
        prediction = client.post("/predict", json={"text": "hello", "threshold": threshold}).json()
        assert (prediction["score"], prediction["threshold"]) == (score, threshold)
        return prediction["route"], prediction["route_label"]

    assert routed(score - 1e-6) == ("strong", "Strong Model")
    assert routed(score) == ("weak", "Weak Model")
    assert routed(0) == ("strong", "Strong Model")
    assert routed(1) == ("weak", "Weak Model")


def test_without_a_threshold_the_packaged_one_decides(client, router):
    texts = [f"{'x' * number} query {number}" for number in range(100)]
    for prediction in client.post("/predict/batch", json={"texts": texts}).json()["predictions"]:
        assert prediction["threshold"] == router.threshold
        assert (prediction["route"] == "strong") == (prediction["score"] > router.threshold)


def test_batch(client, router):
    texts = ["one", "two words", "three more words"]
    answer = client.post("/predict/batch", json={"texts": texts, "threshold": 0.25})
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"predictions", "total_processing_time_ms", "average_processing_time_ms"}
    assert [one["text"] for one in body["predictions"]] == texts
    assert [one["score"] for one in body["predictions"]] == pytest.approx(list(router.scores(texts).score), abs=1e-5)
    assert {one["threshold"] for one in body["predictions"]} == {0.25}
    assert all(one.keys() == PREDICTION for one in body["predictions"])
    assert body["average_processing_time_ms"] == pytest.approx(body["total_processing_time_ms"] / 3)


def test_the_limits_themselves_are_allowed(client):
    assert client.post("/predict", json={"text": "é" * 10_000}).status_code == 200
    assert client.post("/predict", json={"text": "a"}).status_code == 200
    answer = client.post("/predict/batch", json={"texts": ["word " * 2_000] * 100})
    assert answer.status_code == 200
    assert len(answer.json()["predictions"]) == 100


def test_a_text_that_is_longer_than_the_router_reads_is_flagged(client):
    assert client.post("/predict", json={"text": "word " * 2_000}).json()["truncated"] is True


def test_any_unicode_comes_back_as_it_went(client):
    text = "Ça va ? 你好 🙂 \u202e \x07 \ufeff"
    assert client.post("/predict", json={"text": text}).json()["text"] == text


REFUSED = {
    "no text": ({}, "text: Field required"),
    "null": ({"text": None}, "text: .*valid string"),
    "number": ({"text": 5}, "text: .*valid string"),
    "list": ({"text": ["a"]}, "text: .*valid string"),
    "empty": ({"text": ""}, "text: .*at least 1 character"),
    "blank": ({"text": " \n\t\u3000"}, "text: .*not be blank"),
    "too long": ({"text": "a" * 10_001}, "text: .*at most 10000 characters"),
    "NUL": ({"text": "a\0b"}, "text: .*NUL"),
    "misspelt": ({"text": "a", "treshold": 0.5}, "treshold: Extra inputs are not permitted"),
    "misspelt at length": ({"text": "a", "x" * 9_999: 1}, "x{80}: Extra inputs are not permitted$"),
    "threshold above one": ({"text": "a", "threshold": 1.01}, "threshold: .*less than or equal to 1"),
    "threshold below zero": ({"text": "a", "threshold": -0.01}, "threshold: .*greater than or equal to 0"),
    "threshold as text": ({"text": "a", "threshold": "0.5"}, "threshold: .*valid number"),
    "threshold as truth": ({"text": "a", "threshold": True}, "threshold: .*valid number"),
    "not an object": (["a"], "body: .*valid dictionary|body: .*object"),
    "only a string": ("a", "body: .*valid dictionary|body: .*object"),
}
REFUSED_BATCHES = {
    "no texts": ({}, "texts: Field required"),
    "a string": ({"texts": "abc"}, "texts: .*valid list"),
    "none": ({"texts": []}, "texts: .*at least 1 item"),
    "too many": ({"texts": ["a"] * 101}, "texts: .*at most 100 items"),
    "one is blank": ({"texts": ["a", " ", "b"]}, r"texts\[1\]: .*not be blank"),
    "one is a number": ({"texts": ["a", "b", 3]}, r"texts\[2\]: .*valid string"),
    "all are wrong": ({"texts": [1] * 50}, r"texts\[0\]: .*valid string \(and 49 more\)"),
    "one is too long": ({"texts": ["a" * 10_001]}, r"texts\[0\]: .*at most 10000 characters"),
}


@pytest.mark.parametrize(("path", "case"), [
    *(("/predict", case) for case in REFUSED),
    *(("/predict/batch", case) for case in REFUSED_BATCHES),
])  # fmt: skip
def test_a_wrong_value_is_one_clear_message(client, path, case):
    body, message = (REFUSED if path == "/predict" else REFUSED_BATCHES)[case]
    answer = client.post(path, content=json.dumps(body), headers=JSON)
    assert answer.status_code == 422
    assert answer.json().keys() == {"detail"}
    assert re.fullmatch(rf"({message}).*", answer.json()["detail"]), answer.json()


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b'{"text": ', 400, "the body is not JSON: Expecting value, character 9"),
        (b"text=hello", 400, "the body is not JSON: .*"),
        (b'{"text": "\xff\xfe"}', 400, ".*parsing the body"),
        (b'{"text": ' + b"[" * 100_000, 400, ".*parsing the body|the body is not JSON.*"),
        (b'{"text": "a", "threshold": NaN}', 422, "threshold: .*finite number.*|threshold: .*"),
        (b'{"text": "a", "threshold": ' + b"9" * 5_000 + b"}", 400, ".*parsing the body"),
        (b'{"text": "\\ud800"}', 422, "text: .*unicode string"),
        (b'{"text": "\\u0000"}', 422, "text: .*NUL.*"),
        (b"", 422, "body: Field required"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(client, content, status, message):
    answer = client.post("/predict", content=content, headers=JSON)
    assert (answer.status_code, answer.json().keys()) == (status, {"detail"})
    assert re.fullmatch(message, answer.json()["detail"]), answer.json()


TEXTS = st.text(st.characters(codec=None), max_size=20)  # lone surrogates too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda some: st.lists(some) | st.dictionaries(TEXTS, some),
)
REQUESTS = st.fixed_dictionaries({}, optional={"text": VALUES, "texts": st.lists(TEXTS) | VALUES, "threshold": VALUES})


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from(["/predict", "/predict/batch"]), body=REQUESTS | VALUES)
def test_whatever_is_sent_is_answered_or_refused(client, path, body):
    answer = client.post(path, content=json.dumps(body), headers=JSON)
    assert answer.status_code in (200, 422)
    assert answer.status_code == 200 or isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_accepted(client, content_type):
    answer = client.post("/predict", content=b'{"text": "a"}', headers={"content-type": content_type})
    assert answer.status_code == 415
    assert answer.json() == {"detail": f"content-type is {repr(content_type) if content_type else 'missing'}, "
                             "expected application/json"}  # fmt: skip


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"])
def test_json_has_many_names(client, content_type):
    answer = client.post("/predict", content=b'{"text": "a"}', headers={"content-type": content_type})
    assert answer.status_code == 200


def chunks(size):
    """A body of `size` bytes that does not tell its length."""
    start, end = b'{"text": "a", "more": "', b'"}'
    yield start
    for _ in range(size // 100_000):
        yield b"a" * 100_000
    yield end


@pytest.mark.parametrize("content", [b"a" * 2_000_001, chunks(2_000_000)], ids=["with a length", "in chunks"])
def test_a_body_above_two_megabytes_is_too_large(client, content):
    answer = client.post("/predict", content=content, headers=JSON)
    assert answer.status_code == 413
    assert answer.json() == {"detail": "the body is larger than 2,000,000 bytes"}


def test_a_body_in_chunks_below_the_limit_is_read(client):
    answer = client.post("/predict", content=chunks(1_900_000), headers=JSON)
    assert answer.status_code == 422
    assert answer.json() == {"detail": "more: Extra inputs are not permitted"}


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/nothing", 404, "Not Found"),
        ("GET", "/predict", 405, "Method Not Allowed"),
        ("DELETE", "/", 405, "Method Not Allowed"),
    ],
)
def test_unknown_paths_and_methods(client, method, path, status, detail):
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})


def test_a_failure_of_the_model_is_one_clear_message(client, monkeypatch):
    from pointsman.routers.packaged import Packaged

    def fail(*_):
        raise RuntimeError("the model broke")

    monkeypatch.setattr(Packaged, "scores_tokens", fail)
    answer = client.post("/predict", json={"text": "a"})
    assert (answer.status_code, answer.json().keys()) == (500, {"detail"})
    assert "the model broke" not in answer.text
    monkeypatch.undo()
    assert client.post("/predict", json={"text": "a"}).status_code == 200


def test_no_timer_outlives_its_request(client, asgi):
    def timers():
        return len([timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()])

    async def later():
        return timers()

    client.post("/predict", json={"text": "the first"})
    before = client.portal.call(later)
    for number in range(20):
        assert client.post("/predict", json={"text": f"query {number}"}).status_code == 200
    assert client.portal.call(later) <= before


def test_no_request_is_traced_unless_an_exporter_is_configured(client, asgi):
    layer, chain = asgi.middleware_stack, []
    while layer is not None:
        chain.append(type(layer).__name__)
        layer = getattr(layer, "app", None)
    assert chain == ["ServerErrorMiddleware", "RunnerTrafficMetricsMiddleware", "ShortChain"]


def test_a_burst_of_requests_loses_none(client, asgi, router):
    texts = [f"query {number} {'x' * (number % 11)}" for number in range(200)]

    async def burst():
        transport = httpx.ASGITransport(app=asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://router") as http:
            return await asyncio.gather(*(http.post("/predict", json={"text": text}) for text in texts))

    answers = client.portal.call(burst)
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json()["text"] for answer in answers] == texts
    scores = [answer.json()["score"] for answer in answers]
    assert scores == pytest.approx(list(router.scores(texts).score), abs=1e-5)


def test_docs_need_no_network(client):
    page = client.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    addresses = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)
    assert len(addresses) == 3
    for address in addresses:
        assert address.startswith("/docs/assets/")
        assert len(client.get(address).content) > 500
    assert "url: '/openapi.json'" in page.text
    assert not re.findall(r"https?://", page.text)


def test_openapi_describes_the_api(client):
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert set(document["paths"]) == {
        "/", "/health", "/predict", "/predict/batch",
        "/v1/chat/completions", "/v1/models", "/v1/models/{model}", "/v1/pointsman/rollout",
    }  # fmt: skip
    predict = document["paths"]["/predict"]["post"]
    assert {"200", "400", "413", "415", "422"} <= predict["responses"].keys()
    refusal = predict["responses"]["422"]["content"]["application/json"]["schema"]["$ref"]
    assert refusal == "#/components/schemas/Problem"
    text = document["components"]["schemas"]["Query"]["properties"]["text"]
    assert (text["minLength"], text["maxLength"]) == (1, 10_000)
