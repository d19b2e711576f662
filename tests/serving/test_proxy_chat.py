"""The official client against the proxy, before models of ours that fail in every way."""

import json
from pathlib import Path

import httpx
import openai
import pytest
from proxy_cases import KEY, SETTINGS, USAGE, serve

ASK = [{"role": "user", "content": "what is the capital"}]
WEAK, STRONG = "pointsman-1", "pointsman-0"  # no score is above 1, and every score of these tests above 0
QUICK = {"timeouts": {"connect_s": 1, "first_token_s": 0.4, "total_s": 1.6}}


@pytest.fixture(scope="module")
def proxy(router, pair):
    with serve(router, pair(**QUICK)) as (url, proxy):
        yield url, proxy


@pytest.fixture
def client(proxy, weak, strong):
    with openai.OpenAI(base_url=f"{proxy[0]}/v1", api_key="any", max_retries=0) as client:
        yield client


def text_of(stream):
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def raw(proxy, **body):
    return httpx.post(f"{proxy[0]}/v1/chat/completions", json={"model": WEAK, "messages": ASK} | body, timeout=30)


def test_an_answer_in_one_piece_is_the_models_own_to_the_byte(proxy, client, weak):
    answer = raw(proxy)
    assert answer.status_code == 200
    assert answer.json()["x_extra"] == {"kept": [1.50, "é"]}
    assert b"\\u00e9" in answer.content  # as the model wrote it
    completion = client.chat.completions.create(model=WEAK, messages=ASK)
    assert completion.choices[0].message.content == "I am small"
    assert completion.usage.total_tokens == 14
    assert completion._request_id.startswith("chatcmpl-")


@pytest.mark.parametrize(("model", "route", "name"), [(WEAK, "weak", "org/small"), (STRONG, "strong", "org/large")])
@pytest.mark.parametrize("stream", [False, True])
def test_the_threshold_decides_and_the_headers_say_so(proxy, router, client, model, route, name, stream):
    answer = raw(proxy, model=model, stream=stream)
    headers = {key: value for key, value in answer.headers.items() if key.startswith("x-pointsman-")}
    score = float(headers.pop("x-pointsman-score"))
    assert score == pytest.approx(router.scores([ASK[0]["content"]]).score[0], abs=1e-5)
    assert headers == {
        "x-pointsman-route": route, "x-pointsman-model": name, "x-pointsman-fallback": "false",
        "x-pointsman-threshold": model.split("-")[1],
    }  # fmt: skip


def test_without_a_threshold_the_packaged_one_decides(proxy, router, client):
    answer = raw(proxy, model="pointsman")
    expected = "strong" if float(answer.headers["x-pointsman-score"]) > router.threshold else "weak"
    assert answer.headers["x-pointsman-route"] == expected
    assert float(answer.headers["x-pointsman-threshold"]) == router.threshold


@pytest.mark.parametrize("role", ["weak", "strong"])
def test_a_role_by_its_name_is_not_scored(proxy, client, role):
    answer = raw(proxy, model=f"pointsman-{role}")
    assert answer.headers["x-pointsman-route"] == role
    assert "x-pointsman-score" not in answer.headers


def test_tokens_come_one_by_one(client, weak):
    weak.behaviour = "stepwise"
    words = []
    for chunk in client.chat.completions.create(model=WEAK, messages=ASK, stream=True):
        if chunk.choices[0].delta.content:
            words.append(chunk.choices[0].delta.content)
            weak.seen.release()  # only now does the model write the next
    assert words == ["I", " am", " ", "small"]


def test_every_event_passes_unchanged_to_the_mark_of_the_end(proxy, client, weak):
    content = raw(proxy, stream=True).content
    assert content.startswith(b": working\n\ndata: {")
    assert content.endswith(b"data: [DONE]\n\n")
    assert content.count(b"\n\n") == 1 + 1 + 4 + 1 + 1


def test_the_chunk_of_usage_comes_only_to_who_asked(client, weak):
    def usages(**options):
        return [c.usage for c in client.chat.completions.create(model=WEAK, messages=ASK, stream=True, **options)
                if c.usage]  # fmt: skip

    assert usages() == []
    assert [one.total_tokens for one in usages(stream_options={"include_usage": True})] == [USAGE["total_tokens"]]
    assert {request["stream_options"]["include_usage"] for request in weak.requests} == {True}


def test_what_is_not_the_proxys_passes_to_the_model_and_confs_fields_are_added(client, weak):
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}, "strict": True}}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    sent = {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function",
                                                                  "function": {"name": "look", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "1", "content": "a cat"},
        ],
        "tools": [tool], "tool_choice": "auto", "response_format": {"type": "json_object"}, "n": 2, "stop": ["\n"],
        "logprobs": True, "top_logprobs": 3, "temperature": 0.25, "seed": 12345678901234567890, "user": "u1",
    }  # fmt: skip
    client.chat.completions.create(model=WEAK, **sent, extra_body={"of_tomorrow": {"a": [None]}})
    (received,) = weak.requests
    assert received == sent | {
        "model": "org/small", "provider": {"order": ["first"]}, "of_tomorrow": {"a": [None]},
    }  # fmt: skip
    assert weak.headers[0]["Authorization"] == f"Bearer {KEY}"


FAILING = ["hang", "reset_before", "garbage", "error_in_200", "status_500", "status_429", "status_401", "redirect"]


@pytest.mark.parametrize("behaviour", FAILING)
def test_the_other_model_answers_for_one_that_fails(proxy, client, weak, strong, behaviour):
    weak.behaviour = behaviour
    answer = client.chat.completions.with_raw_response.create(model=WEAK, messages=ASK)
    assert answer.parse().choices[0].message.content == "I am large"
    assert answer.headers["x-pointsman-fallback"] == "true"
    assert (answer.headers["x-pointsman-route"], answer.headers["x-pointsman-model"]) == ("weak", "org/large")
    assert strong.requests[0]["model"] == "org/large"


@pytest.mark.parametrize("behaviour", [*FAILING, "slow_first_token", "garbage_stream"])
def test_before_the_first_token_of_a_stream_too(client, weak, strong, behaviour):
    strong.behaviour = behaviour
    with client.chat.completions.with_streaming_response.create(model=STRONG, messages=ASK, stream=True) as answer:
        assert answer.headers["x-pointsman-fallback"] == "true"
        assert text_of(answer.parse()) == "I am small"


@pytest.mark.parametrize(
    "behaviour", ["reset_mid_stream", "end_mid_stream", "silence_mid_stream", "garbage_mid_stream"]
)
def test_after_the_first_token_a_stream_ends_with_an_error(proxy, client, weak, strong, behaviour):
    weak.behaviour = behaviour
    words = []
    with pytest.raises(openai.APIError, match="The answer of org/small broke off") as raised:
        words.extend(c.choices[0].delta.content
                     for c in client.chat.completions.create(model=WEAK, messages=ASK, stream=True))  # fmt: skip
    assert strong.requests == []
    assert raised.value.body.keys() == {"message", "type", "param", "code"}
    content = raw(proxy, stream=True).content
    assert b'"content": "I"' in content
    assert b"[DONE]" not in content
    assert json.loads(content.strip().split(b"data: ")[-1])["error"]["code"] == "upstream_broke_off"


@pytest.mark.parametrize("behaviour", [*FAILING, "slow_first_token", "garbage_stream"])
@pytest.mark.parametrize("stream", [False, True])
def test_no_failure_tells_a_secret_or_an_address(proxy, client, weak, strong, behaviour, stream):
    if behaviour in ("slow_first_token", "garbage_stream") and not stream:
        pytest.skip("of streams alone")
    weak.behaviour = strong.behaviour = behaviour
    answer = raw(proxy, stream=stream)
    assert answer.status_code == (429 if behaviour == "status_429" else 503)
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}
    told = answer.text + str(answer.headers)
    assert KEY not in told
    assert "127.0.0.1" not in told
    assert "org/small" in told
    assert "org/large" in told


def test_a_request_that_both_models_find_wrong_is_told_in_their_words(client, weak, strong):
    weak.behaviour = strong.behaviour = "status_400"
    with pytest.raises(openai.BadRequestError, match=r"too long for Bearer \[hidden\]") as raised:
        client.chat.completions.create(model=WEAK, messages=ASK)
    assert (raised.value.code, raised.value.param) == ("context_length_exceeded", "messages")


def test_what_is_too_long_for_the_weak_model_goes_to_the_strong(client, weak, strong):
    weak.behaviour = "status_400"
    assert client.chat.completions.create(model=WEAK, messages=ASK).choices[0].message.content == "I am large"


def test_what_the_strong_model_refuses_is_not_asked_of_the_weak(client, weak, strong):
    strong.behaviour = "status_400"
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=STRONG, messages=ASK)
    assert weak.requests == []


@pytest.mark.parametrize("behaviour", ["hang", "slow_first_token", "silence_mid_stream"])
def test_when_the_client_goes_the_model_is_told(router, pair, weak, strong, behaviour):
    weak.behaviour = behaviour
    patient = {"connect_s": 1, "first_token_s": 60, "total_s": 60}
    with serve(router, pair(timeouts=patient)) as (url, _):
        timeout = httpx.Timeout(20, read=1.0)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/v1/chat/completions", json={"model": WEAK, "messages": ASK, "stream": True},
                       timeout=timeout)  # fmt: skip
        assert weak.closed_early.wait(20)
    assert strong.requests == []


def test_a_model_that_fails_again_and_again_is_left_alone(router, pair, weak, strong):
    weak.behaviour = "status_500"
    with serve(router, pair(breaker={"failures": 2, "open_s": 600})) as proxy:
        for _ in range(4):
            assert raw(proxy).json()["choices"][0]["message"]["content"] == "I am large"
        assert len(weak.requests) == 2
        strong.behaviour = "status_500"
        statuses = [raw(proxy).status_code for _ in range(3)]
        last = raw(proxy)
        assert statuses == [503] * 3
        assert "is left alone" in last.json()["error"]["message"]
        assert "retry-after" in last.headers
        assert len(strong.requests) == 4 + 2


def test_an_address_where_nobody_listens_is_a_fallback_too(router, models, weak, strong):
    from proxy_cases import serving_json

    from pointsman.config.serving import Serving

    nobody = Serving.model_validate(serving_json("http://127.0.0.1:9/v1", models[1].url))
    with serve(router, nobody) as proxy:
        answer = raw(proxy)
        assert answer.headers["x-pointsman-fallback"] == "true"
        assert answer.json()["choices"][0]["message"]["content"] == "I am large"


def test_a_key_that_is_missing_is_named_and_predictions_go_on(router, pair):
    with serve(router, pair(), environment={}) as proxy:
        answer = raw(proxy)
        assert answer.status_code == 503
        assert answer.json()["error"] == {
            "message": "The weak model is not set up: set CUSTOM_API_KEY, the key of custom",
            "type": "server_error", "param": None, "code": "not_set_up",
        }  # fmt: skip
        assert httpx.post(f"{proxy[0]}/predict", json={"text": "hello"}).status_code == 200


def test_a_router_without_serving_json_still_predicts(router):
    with serve(router, None) as proxy:
        answer = raw(proxy)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_set_up")
        assert "dvc repro package" in answer.json()["error"]["message"]
        assert httpx.post(f"{proxy[0]}/predict", json={"text": "hello"}).status_code == 200


def test_a_router_that_breaks_does_not_take_the_models_with_it(proxy, client, monkeypatch):
    from pointsman.routers.packaged import Packaged

    def fail(*_):
        raise RuntimeError("the model broke")

    monkeypatch.setattr(Packaged, "scores_tokens", fail)
    answer = raw(proxy)
    assert (answer.status_code, answer.headers["x-pointsman-model"]) == (200, "org/large")
    assert "x-pointsman-score" not in answer.headers


def test_what_has_no_text_goes_to_the_strong_model(proxy, client, strong):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 3_000_000}}
    answer = raw(proxy, messages=[{"role": "user", "content": [picture]}])
    assert answer.headers["x-pointsman-model"] == "org/large"
    assert strong.requests[0]["messages"][0]["content"] == [picture]


def test_the_router_reads_what_training_read(proxy, router, client):
    from pointsman.routers.base import router_text

    messages = [
        {"role": "developer", "content": "code " * 300},
        {"role": "user", "content": "easy"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": [{"type": "text", "text": "a hard puzzle"}]},
    ]
    score = float(raw(proxy, messages=messages).headers["x-pointsman-score"])
    text = router_text("", messages)
    assert text == ("code " * 100) + "\n\na hard puzzle"
    assert score == pytest.approx(router.scores([text]).score[0], abs=1e-5)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "The body is not JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"model": NaN}', "The body is not JSON: NaN"),
        (b"[]", "The body is a list, expected an object"),
        (b"{}", "model is missing"),
        (b'{"model": "pointsman"}', "messages is missing"),
        (b'{"model": "pointsman", "messages": []}', "messages is an empty list"),
        (b'{"model": "pointsman", "messages": ["a"]}', r"messages\[0\] is text"),
        (b'{"model": "pointsman", "messages": [{"content": "a"}]}', r"messages\[0\].role is missing"),
        (b'{"model": "pointsman", "messages": [{"role": "user", "content": 5}]}', r"messages\[0\].content is a number"),
        (b'{"model": "pointsman", "messages": [{"role": "user", "content": ["a"]}]}', "parts that are objects"),
        (b'{"model": "pointsman", "messages": [{"role": "user"}], "stream": "yes"}', "stream is text"),
        (b'{"model": "pointsman", "messages": [{"role": "user"}], "stream_options": 1}', "stream_options is a number"),
        (b"\xff", "The body is not JSON"),
    ],
)
def test_a_wrong_body_is_one_clear_message_in_openais_form(proxy, client, body, message):
    answer = httpx.post(f"{proxy[0]}/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(answer.json()["error"]["message"])


def test_half_a_surrogate_pair_is_no_failure(proxy, client, weak):
    body = b'{"model": "pointsman-1", "messages": [{"role": "user", "content": "\\ud800 \\u0000"}]}'
    answer = httpx.post(f"{proxy[0]}/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert weak.requests[0]["messages"][0]["content"] == "\ud800 \0"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("GET", "/v1/chat/completions", 405), ("DELETE", "/v1/models", 405)],
)
def test_every_refusal_under_v1_has_openais_form(proxy, client, method, path, status):
    answer = httpx.request(method, f"{proxy[0]}{path}", json={})
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("content", "kind", "status"), [(b"a" * 20_000_001, "application/json", 413), (b"{}", "text/plain", 415)]
)
def test_the_limits_of_a_body_have_openais_form_too(proxy, client, content, kind, status):
    answer = httpx.post(f"{proxy[0]}/v1/chat/completions", content=content, headers={"content-type": kind}, timeout=60)
    assert (answer.status_code, answer.json().keys()) == (status, {"error"})


def test_models_are_listed_and_others_do_not_exist(client):
    assert [model.id for model in client.models.list()] == ["pointsman", "pointsman-weak", "pointsman-strong"]
    assert client.models.retrieve("pointsman-0.35").owned_by == "pointsman"
    with pytest.raises(openai.NotFoundError, match="pointsman-THRESHOLD"):
        client.models.retrieve("gpt-4o")
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="pointsman-1.5", messages=ASK)
    assert raised.value.code == "model_not_found"


def test_the_settings_of_these_tests_are_those_of_conf():
    import yaml

    conf = yaml.safe_load((Path(__file__).parents[2] / "conf/serving/default.yaml").read_text())
    assert conf.keys() == SETTINGS.keys()
