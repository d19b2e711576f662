import json
import re
import signal
import threading
import time
from pathlib import Path

import pytest
from llm_cases import KEY, MODEL, body, echo, request
from pytest_httpserver import HTTPServer
from werkzeug import Response

from pointsman.llm import sending, window
from pointsman.llm.client import ask
from pointsman.llm.errors import BudgetError, MissingAnswersError, ProviderError
from pointsman.llm.types import Logprob

PATH = "/v1/chat/completions"


def test_an_answer_carries_text_usage_cost_and_who_served_it(httpserver: HTTPServer, asking):
    httpserver.expect_request(PATH).respond_with_json(
        body(usage={"prompt_tokens": 10, "completion_tokens": 4, "cost": 0.25})
    )
    [answer] = ask([request()], asking(), what="test")
    assert (answer.response, answer.error, answer.finish_reason) == ("Because.", None, "stop")
    assert (answer.prompt_tokens, answer.completion_tokens, answer.cost) == (10, 4, 0.25)
    assert (answer.served_by, answer.origin) == ("some host", "live")
    assert answer.latency_s > 0


def test_where_no_cost_is_sent_it_comes_from_the_price_table(httpserver: HTTPServer, asking):
    httpserver.expect_request(PATH).respond_with_json(body())
    [answer] = ask([request()], asking(price=2.0), what="test")
    assert answer.cost == pytest.approx(14 * 2.0 / 1e6)


def test_answers_come_in_the_order_of_the_requests(httpserver: HTTPServer, asking):
    httpserver.expect_request(PATH).respond_with_handler(echo)
    answers = ask([request(str(number)) for number in range(20)], asking(), what="test")
    assert [answer.response for answer in answers] == [f"echo: {number}" for number in range(20)]


def test_everything_that_shapes_the_answer_is_sent(httpserver: HTTPServer, asking):
    httpserver.expect_request(PATH).respond_with_json(body())
    shaped = request(temperature=0.5, top_logprobs=3, response_format={"type": "json_object"}, extra={"seed": 7})
    ask([shaped], asking(provider_extra_body={"usage": {"include": True}}), what="test")
    sent = json.loads(httpserver.log[0][0].data)
    assert sent == {
        "model": MODEL,
        "messages": [{"role": "user", "content": "Why?"}],
        "max_tokens": 16,
        "temperature": 0.5,
        "logprobs": True,
        "top_logprobs": 3,
        "response_format": {"type": "json_object"},
        "seed": 7,
        "usage": {"include": True},
    }


def test_candidates_for_the_first_token_are_kept_and_rounded(httpserver: HTTPServer, asking):
    top = [{"token": "A", "logprob": -0.12345678}, {"token": "B", "logprob": -2.5}]
    choice = body()["choices"][0] | {
        "logprobs": {"content": [{"token": "A", "logprob": -0.12345678, "top_logprobs": top}]}
    }
    httpserver.expect_request(PATH).respond_with_json(body(choices=[choice]))
    for _ in range(2):  # live, then from the cache
        [answer] = ask([request(top_logprobs=2)], asking(), what="test")
        assert answer.first_token == (Logprob("A", -0.123457), Logprob("B", -2.5))
    assert answer.origin == "cache"


def test_equal_requests_are_asked_once(httpserver: HTTPServer, asking):
    httpserver.expect_request(PATH).respond_with_handler(echo)
    first, other, again = ask([request("a"), request("b"), request("a")], asking(), what="test")
    assert first == again
    assert other.response == "echo: b"
    assert len(httpserver.log) == 2


def test_a_second_run_is_answered_by_the_cache(httpserver: HTTPServer, asking):
    httpserver.expect_ordered_request(PATH).respond_with_json(body())
    [live_answer] = ask([request()], asking(price=1.0), what="test")
    [cached] = ask([request()], asking(price=1.0), what="test")
    assert (cached.origin, cached.response, cached.cost) == ("cache", live_answer.response, live_answer.cost)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"error": {"code": 400, "message": "bad luck"}}, "provider_error: 400 bad luck"),
        ({"choices": None}, "no_choices: the body holds no choices"),
        ({"choices": []}, "no_choices: the body holds no choices"),
        (body(content=""), r"empty: no text \(finish_reason stop, max_tokens 16\)"),
        (body(content=None), "empty: "),
        (body(choices=[{"message": {"content": None, "refusal": "I will not"}}]), "refused: I will not"),
        (body(choices=[{"finish_reason": "content_filter", "message": {"content": "Be"}}]), "filtered: stopped by"),
    ],
)
def test_an_http_200_without_an_answer_is_an_error_and_is_not_cached(httpserver: HTTPServer, asking, sent, says):
    httpserver.expect_ordered_request(PATH).respond_with_json(sent)
    httpserver.expect_ordered_request(PATH).respond_with_json(body())
    [answer] = ask([request()], asking(), what="test")
    assert answer.response is None
    assert re.search(says, answer.error)
    [again] = ask([request()], asking(), what="test")
    assert again.response == "Because."


def test_a_body_that_is_no_json_is_an_error(httpserver: HTTPServer, asking):
    httpserver.expect_request(PATH).respond_with_data("<html>busy</html>", content_type="text/html")
    [answer] = ask([request()], asking(), what="test")
    assert answer.error == "unparsable: the body is no JSON: '<html>busy</html>'"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failures_are_repeated(httpserver: HTTPServer, asking, status):
    httpserver.expect_ordered_request(PATH).respond_with_data(status=status, headers={"retry-after-ms": "1"})
    httpserver.expect_ordered_request(PATH).respond_with_json(body())
    [answer] = ask([request()], asking(provider_max_retries=1), what="test")
    assert answer.response == "Because."


def test_passing_failures_inside_an_http_200_are_repeated(httpserver: HTTPServer, asking, monkeypatch):
    monkeypatch.setattr(sending, "FIRST_PAUSE_S", 0.001)
    httpserver.expect_ordered_request(PATH).respond_with_json({"error": {"code": 502, "message": "host is down"}})
    httpserver.expect_ordered_request(PATH).respond_with_json(body())
    [answer] = ask([request()], asking(provider_max_retries=1), what="test")
    assert answer.response == "Because."


def test_a_failure_that_does_not_pass_is_an_answer_with_an_error(httpserver: HTTPServer, asking):
    httpserver.expect_ordered_request(PATH).respond_with_data("down", status=503)
    httpserver.expect_ordered_request(PATH).respond_with_json(body())
    first, second = ask([request("a"), request("b")], asking(provider_concurrency=1), what="test")
    assert first.error.startswith("server_error: HTTP 503")
    assert second.response == "Because."


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
def test_a_provider_that_refuses_everything_is_left_alone(httpserver: HTTPServer, asking, status):
    said = {"error": {"message": f"no, {KEY} will not do"}}
    httpserver.expect_request(PATH).respond_with_json(said, status=status)
    with pytest.raises(ProviderError, match=f"'remote' answers {status} for {MODEL}") as raised:
        ask([request(str(number)) for number in range(9)], asking(provider_concurrency=1), what="test")
    assert KEY not in str(raised.value)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("code", [401, 402, "402", 404])
def test_so_is_one_that_says_it_in_an_http_200(httpserver: HTTPServer, asking, code):
    httpserver.expect_request(PATH).respond_with_json({"error": {"code": code, "message": "no"}})
    with pytest.raises(ProviderError, match=f"'remote' answers {code} for {MODEL}"):
        ask([request(str(number)) for number in range(9)], asking(provider_concurrency=1), what="test")
    assert len(httpserver.log) == 1


def test_nothing_more_is_sent_to_it_at_any_concurrency(httpserver: HTTPServer, asking):
    httpserver.expect_request(PATH).respond_with_json({"error": {"message": "no"}}, status=401)
    with pytest.raises(ProviderError, match="64 of 64 are left undone"):
        ask([request(str(number)) for number in range(64)], asking(provider_concurrency=64), what="test")
    assert len(httpserver.log) <= window.FIRST


def test_what_waits_for_another_try_is_given_up_with_it(httpserver: HTTPServer, asking, monkeypatch):
    monkeypatch.setattr(sending, "wait_random_exponential", lambda *_: lambda _: 60.0)
    httpserver.expect_oneshot_request(PATH).respond_with_data("down", status=500)
    httpserver.expect_request(PATH).respond_with_json({"error": {"message": "no credit"}}, status=402)
    with pytest.raises(ProviderError, match="2 of 2 are left undone"):
        ask([request("a"), request("b")], asking(provider_max_retries=5), what="test")
    assert len(httpserver.log) == 2


def test_a_wait_of_an_hour_stops_the_provider(httpserver: HTTPServer, asking):
    httpserver.expect_request(PATH).respond_with_json({}, status=429, headers={"retry-after": "3600"})
    with pytest.raises(ProviderError, match="its limit opens again in 60 minutes.*run the same command again then"):
        ask([request()], asking(provider_max_retries=5), what="test")
    assert len(httpserver.log) == 1


def test_a_prompt_that_cannot_be_sent_fails_alone(httpserver: HTTPServer, asking):
    httpserver.expect_request(PATH).respond_with_handler(echo)
    odd, plain = ask([request("half: \ud83d"), request("whole: \U0001f600 \x00 \u202e ﷽")], asking(), what="test")
    assert odd.error == "rejected: the prompt holds '\\ud83d', which no text in UTF-8 can hold"
    assert plain.response == "echo: whole: \U0001f600 \x00 \u202e ﷽"


@pytest.mark.parametrize(
    ("status", "message"),
    [(400, "This model's maximum context length is 8192 tokens"), (403, "Your input was flagged")],
)
def test_a_refusal_of_one_prompt_does_not_stop_the_others(httpserver: HTTPServer, asking, status, message):
    httpserver.expect_ordered_request(PATH).respond_with_json({"error": {"message": message}}, status=status)
    httpserver.expect_ordered_request(PATH).respond_with_json(body())
    first, second = ask([request("a"), request("b")], asking(provider_concurrency=1), what="test")
    assert message in first.error
    assert second.response == "Because."


def test_the_spend_cap_stops_before_it_is_crossed(httpserver: HTTPServer, asking):
    billed = body(usage={"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.1})
    httpserver.expect_request(PATH).respond_with_json(billed)
    settings = asking(price=1000.0, budget_usd=0.3, provider_concurrency=1)  # a request can cost $0.12
    with pytest.raises(BudgetError, match=r"7 of 9 are left undone\. \$0\.2000 of llm\.budget_usd = \$0\.3 are spent"):
        ask([request(str(number)) for number in range(9)], settings, what="test")
    assert len(httpserver.log) == 2
    assert settings.budget.spent_usd == pytest.approx(0.2)


def test_requests_under_way_count_against_the_cap(httpserver: HTTPServer, asking):
    httpserver.expect_request(PATH).respond_with_handler(echo)
    settings = asking(price=1000.0, budget_usd=0.2, provider_concurrency=8)  # one costs $0.014, at most $0.112
    with pytest.raises(BudgetError, match=r"2 of 9 are left undone\. \$0\.0980 of"):
        ask([request(str(number)) for number in range(9)], settings, what="test")
    assert len(httpserver.log) == 7


def test_what_earlier_runs_paid_counts_against_the_cap(httpserver: HTTPServer, asking):
    httpserver.expect_request(PATH).respond_with_json(
        body(usage={"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.1})
    )
    capped = {"price": 1000.0, "provider_concurrency": 1}  # a request can cost $0.12
    requests = [request(str(number)) for number in range(9)]
    with pytest.raises(BudgetError):
        ask(requests, asking(budget_usd=0.3, **capped), what="test")
    with pytest.raises(BudgetError, match=r"\$0\.2000 of .* are spent, \$0\.2000 of it in earlier runs, and the next"):
        ask(requests, asking(budget_usd=0.3, **capped), what="test")
    assert len(httpserver.log) == 2
    raised = asking(budget_usd=0.45, **capped)
    for _ in range(2):  # a stage may ask several times: an answer counts once
        with pytest.raises(BudgetError, match=r"\$0\.4000 of"):
            ask(requests, raised, what="test")
    assert len(httpserver.log) == 4


def test_a_cap_needs_a_price(httpserver: HTTPServer, asking):
    with pytest.raises(BudgetError, match=rf"conf has no price of {MODEL}. Add provider\.remote\.prices"):
        ask([request()], asking(budget_usd=1.0), what="test")
    assert not httpserver.log


def test_on_miss_fail_asks_nobody(httpserver: HTTPServer, asking):
    httpserver.expect_ordered_request(PATH).respond_with_json(body())
    ask([request("known")], asking(), what="test")
    with pytest.raises(MissingAnswersError, match=rf"2 answers .*\(2 of {MODEL}\).* llm\.on_miss=ask"):
        ask([request("known"), request("a"), request("b")], asking(on_miss="fail"), what="test")
    [answer] = ask([request("known")], asking(on_miss="fail"), what="test")
    assert answer.origin == "cache"


@pytest.fixture
def interruptible():
    """Ctrl-C works, also where the tests themselves run in the background with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("presses", "kept"), [(1, 4), (2, 3)])
def test_ctrl_c_waits_for_what_is_under_way_and_a_second_one_does_not(
    httpserver: HTTPServer, asking, interruptible, presses, kept
):
    release = threading.Event()

    def answer_three_then_interrupt(received) -> Response:
        if len(httpserver.log) == 3:
            for _ in range(presses):
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
                time.sleep(0.1)
            release.wait(10 if presses > 1 else 0)
        return echo(received)

    httpserver.expect_request(PATH).respond_with_handler(answer_three_then_interrupt)
    requests = [request(str(number)) for number in range(6)]
    with pytest.raises(KeyboardInterrupt):
        ask(requests, asking(provider_concurrency=1), what="test")
    release.set()
    assert len(httpserver.log) <= 4
    httpserver.clear()
    httpserver.expect_request(PATH).respond_with_handler(echo)
    answers = ask(requests, asking(), what="test")
    assert [answer.origin for answer in answers] == ["cache"] * kept + ["live"] * (6 - kept)


def test_the_key_is_in_no_file(httpserver: HTTPServer, asking, tmp_path: Path):
    httpserver.expect_ordered_request(PATH).respond_with_json(body())
    httpserver.expect_ordered_request(PATH).respond_with_json({"error": {"code": 400, "message": f"wrong: {KEY}"}})
    answers = ask([request("a"), request("b")], asking(provider_concurrency=1), what="test")
    assert httpserver.log[0][0].headers["Authorization"] == f"Bearer {KEY}"
    assert answers[1].error == "provider_error: 400 wrong: [hidden]"
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("place", [270, 285, 295])
def test_a_key_is_hidden_also_where_the_message_is_cut(httpserver: HTTPServer, asking, status, place):
    said = {"error": {"code": 400, "message": f"too long: {'x' * (place - 10)}{KEY} is wrong"}}
    httpserver.expect_request(PATH).respond_with_json(said, status=status)
    [answer] = ask([request()], asking(), what="test")
    assert answer.error is not None
    assert KEY[:4] not in answer.error


def test_a_key_is_hidden_in_an_answer_that_repeats_it(httpserver: HTTPServer, asking, tmp_path: Path):
    httpserver.expect_request(PATH).respond_with_json(body(f"You sent {KEY}.", provider=KEY))
    [answer] = ask([request()], asking(), what="test")
    assert (answer.response, answer.served_by) == ("You sent [hidden].", "[hidden]")
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_missing_key_is_named_before_anything_is_sent(httpserver: HTTPServer, asking, monkeypatch):
    monkeypatch.delenv("REMOTE_API_KEY")
    with pytest.raises(ProviderError, match=r"REMOTE_API_KEY is not set.*\.env"):
        ask([request()], asking(), what="test")
    assert not httpserver.log


def test_no_key_is_needed_where_nothing_is_asked(httpserver: HTTPServer, asking, monkeypatch):
    httpserver.expect_ordered_request(PATH).respond_with_json(body())
    ask([request()], asking(), what="test")
    monkeypatch.delenv("REMOTE_API_KEY")
    assert ask([request()], asking(), what="test")[0].origin == "cache"
