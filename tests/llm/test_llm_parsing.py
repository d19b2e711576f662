"""Bodies of an HTTP 200 that no provider should send, and some do."""

import json
from typing import Any

import pytest
from llm_cases import body, request

from pointsman.llm.parsing import parse


def choice(**changes: Any) -> dict[str, Any]:
    return body(choices=[{"finish_reason": "stop", "message": {"content": "Because."}, **changes}])


@pytest.mark.parametrize(
    "sent",
    [
        choice(message="Because."),
        choice(message=["Because."]),
        choice(message={"content": 5}),
        choice(message={"content": {"text": "Because."}}),
        choice(message={"content": [{"type": "text"}]}),
        choice(logprobs=[1]),
        choice(logprobs={"content": [{"token": "A"}]}),
    ],
)
def test_an_unexpected_form_is_an_error_of_that_request_and_not_asked_for_again(sent):
    got = parse(request(), json.dumps(sent), 0.1)
    assert got.answer.error is not None
    assert got.answer.error.startswith("unparsable: the body has another form than expected")
    assert not got.passing
    assert got.maybe_billed


@pytest.mark.parametrize("text", ["", "null", "[]", "[1]", '"text"', "{}", '{"choices": [null]}', "[" * 100_000])
def test_what_holds_no_choice_is_an_error(text):
    error = parse(request(), text, 0.1).answer.error
    assert error is not None
    assert error.startswith(("no_choices: ", "unparsable: "))


def test_content_may_come_in_parts():
    parts = [{"type": "thinking", "thinking": "…"}, {"type": "text", "text": "Be"}, {"type": "text", "text": "cause."}]
    assert parse(request(), json.dumps(choice(message={"content": parts})), 0.1).answer.response == "Because."


@pytest.mark.parametrize("odd", [-1, "0.1", True, None, float("nan"), float("inf"), [], {}])
def test_odd_costs_and_counts_are_unknown(odd):
    usage = {"prompt_tokens": odd, "completion_tokens": odd, "cost": odd}
    got = parse(request(), json.dumps(body(usage=usage)), 0.1)
    assert got.answer.response == "Because."
    assert (got.billed, got.answer.prompt_tokens, got.answer.completion_tokens) == (None, None, None)


@pytest.mark.parametrize("usage", [None, [], "none", 5])
def test_a_paid_answer_is_not_lost_for_its_usage(usage):
    assert parse(request(), json.dumps(body(usage=usage)), 0.1).answer.response == "Because."


def test_hosts_and_models_that_are_no_names_are_unknown():
    answer = parse(request(), json.dumps(body(provider={"name": "x"}, model=["y"])), 0.1).answer
    assert (answer.served_by, answer.served_model) == ("remote", None)


def test_the_model_that_answered_is_kept_where_it_is_another():
    assert parse(request(), json.dumps(body(model="org/model-0905")), 0.1).answer.served_model == "org/model-0905"


def test_an_answer_that_was_cut_says_so():
    answer = parse(request(), json.dumps(choice(finish_reason="length")), 0.1).answer
    assert (answer.response, answer.finish_reason) == ("Because.", "length")


def test_what_is_billed_for_no_text_is_known():
    sent = body(content="", usage={"prompt_tokens": 9, "completion_tokens": 16, "cost": 0.25})
    got = parse(request(), json.dumps(sent), 0.1)
    assert got.answer.error is not None
    assert (got.billed, got.maybe_billed) == (0.25, True)


def test_half_a_character_is_marked_and_a_whole_one_kept():
    text = json.dumps(body("\U0001f600 \ud83d", provider="\udc00")).replace("\\ud83d\\ude00", "\\uD83D\\uDE00")
    answer = parse(request(), text, 0.1).answer
    assert (answer.response, answer.served_by) == ("\U0001f600 \ufffd", "\ufffd")
    refusal = choice(message={"content": None, "refusal": "no \ud83d"})
    assert parse(request(), json.dumps(refusal), 0.1).answer.error == "refused: no \ufffd"
