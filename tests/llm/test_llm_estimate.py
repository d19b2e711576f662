import pytest
from llm_cases import MODEL, body, request
from pytest_httpserver import HTTPServer

from pointsman.llm.client import ask
from pointsman.llm.estimate import Estimate, estimate, estimate_table
from pointsman.llm.tokens import prompt_tokens


def test_what_is_known_costs_nothing_and_nothing_is_sent(httpserver: HTTPServer, asking):
    httpserver.expect_request("/v1/chat/completions").respond_with_json(body())
    ask([request("known")], asking(), what="test")
    settings = asking(price=10.0)
    [line] = estimate([request("known"), request("x" * 400), request("x" * 400)], settings)
    assert line == Estimate("remote", MODEL, 2, 0, 1, 1, 100, 16, pytest.approx(116 * 10 / 1e6))
    assert len(httpserver.log) == 1


def test_no_cache_is_made_by_looking(asking):
    settings = asking()
    estimate([request()], settings)
    assert not settings.cache_file.exists()


def test_the_table_names_models_without_a_price(asking):
    assert f"no price in conf (provider.*.prices) of: {MODEL}" in estimate_table(estimate([request()], asking()))
    assert "at most $0.0002" in estimate_table(estimate([request("x" * 400)], asking(price=2.0)))


@pytest.mark.parametrize(("text", "tokens"), [("x" * 400, 100), ("猫が好きです", 6), ("naïve" * 4, 8), ("", 0)])
def test_other_scripts_than_latin_take_more_tokens(text, tokens):
    assert prompt_tokens(request(text)) == tokens
