"""The parts of the proxy, each alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxy_cases import serving_json

from pointsman.config.llm import Price
from pointsman.config.params import load_params
from pointsman.config.serving import BreakerConfig, RateLimitConfig, Serving, TimeoutsConfig, pack_serving
from pointsman.serving.errors import ServingError
from pointsman.serving.proxy.access import Limiter, check_host
from pointsman.serving.proxy.breaker import Breaker
from pointsman.serving.proxy.errors import ApiError
from pointsman.serving.proxy.keys import Keys
from pointsman.serving.proxy.models import Choice, choose
from pointsman.serving.proxy.money import Usage, cost_usd, read_usage, saved_usd
from pointsman.serving.proxy.proxy import Proxy, read_rollout, read_serving
from pointsman.serving.proxy.requests import parse
from pointsman.serving.proxy.rollout import Rollout, carry_out, identify, position
from pointsman.serving.proxy.sse import MAX_EVENT_BYTES, Splitter, read_event
from pointsman.serving.proxy.upstream import Upstream


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


# -- names of models ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("pointsman", Choice()),
        ("pointsman-weak", Choice("weak")),
        ("pointsman-strong", Choice("strong")),
        ("pointsman-0.35", Choice(threshold=0.35)),
        ("pointsman-.5", Choice(threshold=0.5)),
        ("pointsman-0", Choice(threshold=0.0)),
        ("pointsman-1", Choice(threshold=1.0)),
        ("pointsman-1.0", Choice(threshold=1.0)),
    ],
)
def test_a_models_name_says_what_is_asked_for(name, choice):
    assert choose(name) == choice


@pytest.mark.parametrize("name", ["", "gpt-4o", "pointsman-", "pointsman-2", "pointsman-1.01", "pointsman--0.1",
                                  "pointsman-nan", "pointsman-0.5 ", "Pointsman", "pointsman-1e-1", "pointsman-٠.٥"])  # fmt: skip
def test_other_names_do_not_exist(name):
    with pytest.raises(ApiError, match="does not exist, expected pointsman, pointsman-weak") as raised:
        choose(name)
    assert raised.value.status == 404


# -- events ------------------------------------------------------------------------------------------------------------
STREAM = b': hello\n\ndata: {"a": "\xc3\xa9"}\r\n\r\nevent: x\ndata: {"b":\ndata: 1}\n\ndata: [DONE]\n\n'


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_the_same_wherever_the_stream_is_cut(cuts):
    splitter, events = Splitter(), []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(STREAM)], strict=True):
        events += splitter.feed(STREAM[start:end])
    assert b"".join(events) == STREAM
    read = [read_event(event) for event in events if event.strip()]
    assert [(one.data, one.is_done) for one in read if one.data or one.is_done] == [
        ({"a": "é"}, False), ({"b": 1}, False), (None, True)
    ]  # fmt: skip


def test_the_last_event_may_lack_its_blank_line():
    splitter = Splitter()
    assert splitter.feed(b"data: [DONE]") == []
    assert splitter.end() == [b"data: [DONE]\n\n"]
    assert splitter.end() == []


def test_an_event_without_end_is_an_error():
    with pytest.raises(ValueError, match="does not end"):
        Splitter().feed(b"a" * (MAX_EVENT_BYTES + 1))


@pytest.mark.parametrize(
    ("delta", "finish_reason", "expected"),
    [
        ({"role": "assistant"}, None, False),
        ({"role": "assistant", "content": ""}, None, False),
        ({"content": "a"}, None, True),
        ({"tool_calls": [{"index": 0}]}, None, True),
        ({"reasoning": "hm"}, None, True),
        ({}, "stop", True),
        (None, None, False),
    ],
)
def test_what_counts_as_a_token(delta, finish_reason, expected):
    data = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}
    assert read_event(f"data: {json.dumps(data)}\n\n".encode()).has_token is expected


# -- breaker, limiter, keys --------------------------------------------------------------------------------------------
def test_a_breaker_opens_after_failures_in_a_row_and_then_lets_one_request_try():
    clock = Clock()
    breaker = Breaker(BreakerConfig(failures=2, open_s=10), clock)
    breaker.fail()
    breaker.succeed()
    breaker.fail()
    assert breaker.allows()
    breaker.fail()
    assert not breaker.allows()
    clock.now_s += 10
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.fail()
    clock.now_s += 9
    assert not breaker.allows()
    clock.now_s += 1
    assert breaker.allows()
    breaker.succeed()
    assert [breaker.allows(), breaker.allows()] == [True, True]


def test_a_limit_lets_a_burst_through_and_then_the_rate():
    clock = Clock()
    limiter = Limiter(RateLimitConfig(requests_per_minute=30, burst=2), clock)
    assert [limiter.wait_s(b"a") for _ in range(3)] == [0, 0, 2]
    assert limiter.wait_s(b"b") == 0
    clock.now_s += 1
    assert limiter.wait_s(b"a") == pytest.approx(1)
    clock.now_s += 1
    assert [limiter.wait_s(b"a"), limiter.wait_s(b"a")] == [0, 2]
    clock.now_s += 1e6
    assert [limiter.wait_s(b"a") > 0 for _ in range(3)] == [False, False, True]


def test_without_a_limit_nobody_waits():
    limiter = Limiter(RateLimitConfig(requests_per_minute=None, burst=1), Clock())
    assert {limiter.wait_s(b"a") for _ in range(1000)} == {0}


def test_keys_are_kept_as_digests_and_each_is_found():
    keys = Keys.from_environment({"POINTSMAN_API_KEYS": " first-key , second-key,"})
    assert len(keys.digests) == 2
    assert "first" not in repr(keys)
    found = [keys.find(f"Bearer {key}") for key in ("first-key", "second-key")]
    assert found == list(keys.digests)
    assert keys.find("bearer first-key") == keys.digests[0]
    for wrong in ("", "Bearer", "Bearer ", "first-key", "Basic first-key", "Bearer first-key2", "Bearer first-ke",
                  "Bearer first-key,second-key", "Bearer \udce9"):  # fmt: skip
        assert keys.find(wrong) is None, wrong


def test_a_variable_for_keys_without_a_key_is_an_error():
    assert Keys.from_environment({}).digests == Keys.from_environment({"POINTSMAN_API_KEYS": ""}).digests == ()
    with pytest.raises(ServingError, match="POINTSMAN_API_KEYS is set and holds no key"):
        Keys.from_environment({"POINTSMAN_API_KEYS": " , "})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "10.0.0.1"])
def test_other_addresses_need_keys(host):
    with pytest.raises(ServingError, match=rf"{host}, where others can reach the service, and POINTSMAN_API_KEYS"):
        check_host(host, Keys(()))
    check_host(host, Keys((b"digest",)))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_none(host):
    check_host(host, Keys(()))


# -- roll-out ----------------------------------------------------------------------------------------------------------
def test_shadow_and_route_are_the_same_for_all():
    assert {Rollout("shadow", 1.0).arm(str(who)) for who in range(50)} == {"control"}
    assert {Rollout("route", 0.0).arm(str(who)) for who in range(50)} == {"routed"}
    assert [carry_out("control", "weak"), carry_out("routed", "weak")] == ["strong", "weak"]


def test_a_ramp_routes_its_share_and_keeps_who_was_in():
    users = [f"user-{number}" for number in range(4000)]
    tenth = {user for user in users if Rollout("ramp", 0.1).arm(user) == "routed"}
    third = {user for user in users if Rollout("ramp", 0.3).arm(user) == "routed"}
    assert len(tenth) / len(users) == pytest.approx(0.1, abs=0.02)
    assert len(third) / len(users) == pytest.approx(0.3, abs=0.03)
    assert tenth < third
    assert {Rollout("ramp", 1.0).arm(user) for user in users} == {"routed"}
    assert {Rollout("ramp", 0.0).arm(user) for user in users} == {"control"}
    assert position("user-1") == pytest.approx(0.776406, abs=1e-6)  # the same on every day and machine


def test_the_user_is_the_bodys_else_the_headers_else_the_conversation():
    def request(**more):
        return parse(json.dumps({"model": "pointsman", "messages": [{"role": "user", "content": "a"}]} | more).encode())

    assert identify(request(user="u"), "h") == "u"
    assert identify(request(), "h") == "h"
    assert identify(request(), None) == identify(request(n=2), None)
    assert identify(request(), None) != identify(request(messages=[{"role": "user", "content": "b"}]), None)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"POINTSMAN_MODE": "half"}, "POINTSMAN_MODE is 'half', expected one of shadow, ramp, route"),
        ({"POINTSMAN_RAMP": "10%"}, "POINTSMAN_RAMP is '10%', expected a share from 0 to 1"),
        ({"POINTSMAN_RAMP": "1.1"}, "POINTSMAN_RAMP is '1.1'"),
        ({"POINTSMAN_RAMP": "nan"}, "POINTSMAN_RAMP is 'nan'"),
    ],
)
def test_a_variable_that_means_nothing_is_named(environment, message):
    with pytest.raises(ServingError, match=message):
        read_rollout("route", 0.1, environment)


def test_variables_come_before_conf():
    assert read_rollout("route", 0.1, {}) == Rollout("route", 0.1)
    assert read_rollout("route", 0.1, {"POINTSMAN_MODE": "ramp", "POINTSMAN_RAMP": "0.5"}) == Rollout("ramp", 0.5)


# -- money -------------------------------------------------------------------------------------------------------------
CHEAP = Price(prompt_usd_per_1m=1, completion_usd_per_1m=2, date="2026-01-01")
DEAR = Price(prompt_usd_per_1m=10, completion_usd_per_1m=20, date="2026-01-01")


def test_what_is_billed_comes_before_the_price():
    assert cost_usd(Usage(1000, 500), CHEAP) == pytest.approx(0.002)
    assert cost_usd(Usage(1000, 500, 0.5), CHEAP) == 0.5
    assert cost_usd(Usage(1000, 500), None) is None
    assert cost_usd(Usage(1000, None), CHEAP) is None


def test_saved_is_what_strong_would_have_cost_more():
    usage = Usage(1000, 500)
    assert saved_usd(usage, 0.002, False, DEAR) == pytest.approx(0.018)
    assert saved_usd(usage, 0.05, False, DEAR) == pytest.approx(-0.03)
    assert saved_usd(usage, 0.02, True, DEAR) == 0
    assert saved_usd(usage, 0.002, False, None) is None
    assert saved_usd(usage, None, False, DEAR) is None


@pytest.mark.parametrize(
    ("data", "usage"),
    [
        ({}, None),
        ({"usage": None}, None),
        ({"usage": {"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.1}}, Usage(3, 4, 0.1)),
        ({"usage": {"prompt_tokens": "3", "completion_tokens": -1, "cost": True}}, Usage()),
    ],
)
def test_usage_as_models_write_it(data, usage):
    assert read_usage(data) == usage


# -- settings ----------------------------------------------------------------------------------------------------------
def upstream(environment, **changes):
    config = Serving.model_validate(serving_json()).weak.model_copy(
        update={"provider": "local", "api_key_env": None} | changes
    )
    timeouts = TimeoutsConfig(connect_s=1, first_token_s=1, total_s=1)
    return Upstream("weak", config, environment, timeouts, Breaker(BreakerConfig(failures=1, open_s=1)))


def test_two_models_of_one_provider_may_have_two_addresses():
    both = {"LOCAL_WEAK_BASE_URL": "http://127.0.0.1:1/v1/", "LOCAL_BASE_URL": "http://127.0.0.1:2/v1"}
    assert upstream(both)._url == "http://127.0.0.1:1/v1"
    assert upstream({"LOCAL_BASE_URL": both["LOCAL_BASE_URL"]})._url == "http://127.0.0.1:2/v1"
    assert upstream({}, base_url="http://conf/v1")._url == "http://conf/v1"


@pytest.mark.parametrize(
    ("environment", "changes", "missing"),
    [
        ({}, {}, "set LOCAL_WEAK_BASE_URL (or LOCAL_BASE_URL) to the address of org/small"),
        ({"LOCAL_BASE_URL": "secret"}, {}, "LOCAL_WEAK_BASE_URL or LOCAL_BASE_URL is no address that starts with http"),
        ({"LOCAL_BASE_URL": "http://a"}, {"api_key_env": "A_KEY"}, "set A_KEY, the key of local"),
        ({"LOCAL_BASE_URL": "http://a", "A_KEY": "secret"}, {"api_key_env": "A_KEY"}, None),
        ({"MY_OWN_BASE_URL": "http://a"}, {"provider": "my-own"}, None),
    ],
)
def test_what_is_not_set_up_is_named_and_its_value_never_told(environment, changes, missing):
    found = upstream(environment, **changes).missing
    assert found is None if missing is None else found.startswith(missing)
    assert "secret" not in (found or "")


def test_the_packaged_settings_hold_names_of_keys_and_no_key(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENROUTER_API_KEY", "secret-value")
    params = load_params()
    pair = params.pair.model_copy(update={"weak": params.pair.weak.model_copy(update={"provider": "groq", "model": "llama-3.1-8b-instant"}),
                                          "strong": params.pair.strong.model_copy(update={"provider": "openrouter"})})  # fmt: skip
    packed = pack_serving(params.serving, pair, params.provider)
    assert (
        packed.weak.price.completion_usd_per_1m
        == params.provider["groq"].prices["llama-3.1-8b-instant"].completion_usd_per_1m
    )
    assert packed.strong.api_key_env == "OPENROUTER_API_KEY"
    assert packed.strong.extra_body == {"usage": {"include": True}}
    (tmp_path / "serving.json").write_text(packed.model_dump_json())
    assert "secret-value" not in (tmp_path / "serving.json").read_text()
    assert read_serving(tmp_path) == packed


def test_a_serving_json_of_another_version_is_one_clear_message(tmp_path):
    assert read_serving(tmp_path) is None
    (tmp_path / "serving.json").write_text('{"settings": {}}')
    with pytest.raises(ServingError, match=r"serving\.json is not what this version reads (?s:.*)dvc repro package"):
        read_serving(tmp_path)


def test_a_log_that_cannot_be_written_stops_the_start(tmp_path):
    (tmp_path / "file").write_text("")
    log = {"path": str(tmp_path / "file" / "log.jsonl"), "text": False, "max_mb": 1, "files": 1}
    with pytest.raises(ServingError, match=r"decision_log\.path is .*log\.jsonl.* cannot be written"):
        Proxy(Serving.model_validate(serving_json(decision_log=log)), {})
