"""`python -m pointsman.llm`: the commands as a user types them."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from llm_cases import KEY, MODEL, body, request
from pytest_httpserver import HTTPServer

from pointsman.llm import __main__ as command_line
from pointsman.llm.cache import Entry, Kept, opened
from pointsman.llm.client import ask
from pointsman.llm.types import Answer

ROOT = Path(__file__).parents[2]
CACHE = Path(".cache/llm.sqlite")


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs the command line in the working folder; returns what it printed."""
    shutil.copy(ROOT / "params.yaml", "params.yaml")

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["pointsman.llm", *arguments])
        command_line.main()
        return capsys.readouterr().out

    return run


@pytest.fixture
def remote_pair(httpserver: HTTPServer, command) -> None:
    """params.yaml asks the test server, for the pair and the LLM router."""
    params = yaml.safe_load(Path("params.yaml").read_text("utf-8"))
    custom = params["provider"]["custom"] | {"base_url": httpserver.url_for("/v1"), "api_key_env": "REMOTE_API_KEY"}
    params["provider"]["custom"] = custom
    for candidate in (params["pair"]["weak"], params["pair"]["strong"], params["router"]["llm"]["candidate"]):
        candidate |= {"provider": "custom", "model": MODEL}
    Path("params.yaml").write_text(yaml.safe_dump(params), "utf-8")


def keep(*texts: str, path: Path = CACHE, billed: float | None = 0.5) -> None:
    with opened(path) as cache:
        for text in texts:
            asked = request(text)
            answer = Answer(asked.key, f"re: {text}", None, prompt_tokens=3, completion_tokens=2, served_by="a host")
            cache.store([Entry(asked, Kept(answer, billed))])


def test_check_says_what_works(httpserver: HTTPServer, command, remote_pair):
    httpserver.expect_request("/v1/models").respond_with_json({"object": "list", "data": [{"id": MODEL}]})
    httpserver.expect_request("/v1/chat/completions").respond_with_json(body("Yes"))
    said = command("check")
    assert said.count(f"custom: {MODEL}") == 1, "the same model in three places is asked once"
    for expected in ("REMOTE_API_KEY is set", f"{MODEL} is listed", "'Yes' after", "from some host org/model"):
        assert expected in said
    assert "FAILED" not in said
    assert KEY not in said


def test_check_names_each_failure_and_never_the_key(httpserver: HTTPServer, command, remote_pair, capsys):
    httpserver.expect_request("/v1/models").respond_with_json({"object": "list", "data": [{"id": "other/model"}]})
    httpserver.expect_request("/v1/chat/completions").respond_with_json(
        {"error": {"message": f"wrong key {KEY}"}}, status=401
    )
    with pytest.raises(SystemExit) as ended:
        command("check")
    printed = capsys.readouterr()
    assert ended.value.code == 1
    assert f"{MODEL} is not listed; similar: other/model" in printed.out
    assert "wrong key [hidden]" in printed.out
    assert KEY not in printed.out + printed.err


@pytest.mark.parametrize(
    ("status", "sent", "words"),
    [
        (401, {"error": {"message": "no"}}, "the key is not accepted; check REMOTE_API_KEY in .env. It says: "),
        (402, {"error": {"message": "no"}}, "the account has no credit left; top it up. It says: "),
        (
            404,
            {"error": {"message": "no"}},
            "no such model or address; check the model's name in conf, and CUSTOM_BASE",
        ),
        (
            429,
            {"error": {"message": "no"}},
            "too many requests, or the plan's limit is used up; wait, or lower provider.",
        ),
        (503, {"error": {"message": "no"}}, "the provider has trouble of its own; try again later. It says: "),
        (200, {"error": {"code": 402, "message": "no"}}, "402 no; the account has no credit left; top it up"),
        (200, {"choices": []}, "the body holds no choices; is the address an OpenAI-compatible one? It mostly ends in"),
    ],
)
def test_check_says_what_mends_a_failure(httpserver: HTTPServer, command, remote_pair, capsys, status, sent, words):
    httpserver.expect_request("/v1/models").respond_with_json({"object": "list", "data": [{"id": MODEL}]})
    httpserver.expect_request("/v1/chat/completions").respond_with_json(sent, status=status)
    with pytest.raises(SystemExit):
        command("check")
    printed = capsys.readouterr().out
    assert "FAILED  answer" in printed
    assert words in printed


def test_check_names_an_address_that_does_not_answer_once(command, remote_pair, monkeypatch, capsys):
    monkeypatch.setenv("CUSTOM_BASE_URL", "http://127.0.0.1:1/v1")
    with pytest.raises(SystemExit):
        command("check")
    printed = capsys.readouterr().out
    assert printed.count("FAILED") == 1
    assert "http://127.0.0.1:1/v1 cannot be reached (ConnectError: " in printed
    assert "check the network, provider.custom.base_url in conf and CUSTOM_BASE_URL in .env" in printed


def test_check_takes_a_model_that_reasons_first_for_one_that_answers(httpserver: HTTPServer, command, remote_pair):
    thinking = {"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": ""}}
    httpserver.expect_request("/v1/models").respond_with_json({"object": "list", "data": [{"id": MODEL}]})
    httpserver.expect_request("/v1/chat/completions").respond_with_json(body(choices=[thinking]))
    assert "no text within 64 tokens; it seems to reason first" in command("check")


def test_check_without_a_key_says_which(command, remote_pair, monkeypatch, capsys):
    monkeypatch.delenv("REMOTE_API_KEY")
    with pytest.raises(SystemExit):
        command("check", "--provider", "custom")
    assert "REMOTE_API_KEY is not set" in capsys.readouterr().out


def test_stats_of_each_model(command):
    keep("a", "b")
    said = command("cache", "stats").splitlines()
    assert said[1].split()[:6] == ["remote", MODEL, "2", "6", "4", "1.0000"]


def test_an_export_is_replayed_by_a_clone_that_has_no_cache(command, asking):
    keep("a", "b")
    assert f"{MODEL}: 2 answers added, 2 recorded" in command("cache", "export", "--folder", "recordings")
    manifest = json.loads(Path("recordings/manifest.json").read_text("utf-8"))
    assert manifest["models"][MODEL]["provider"] == ["remote"]
    CACHE.unlink()
    answers = ask([request("b"), request("a")], asking(on_miss="fail"), what="test")
    assert [(a.response, a.cost, a.served_by, a.origin) for a in answers] == [
        ("re: b", 0.5, "a host", "recording"),
        ("re: a", 0.5, "a host", "recording"),
    ]


def test_an_import_takes_over_what_is_new(command):
    keep("a", "b")
    keep("b", "c", path=Path("other.sqlite"))
    assert "1 of 2 answers were new" in command("cache", "import", "other.sqlite")
    with opened(CACHE) as cache:
        assert len(cache.rows()) == 3


def test_prune_deletes_what_no_run_has_used(command):
    keep("a", "b")
    assert "0 answers deleted" in command("cache", "prune", "--unused-since", "2020-01-01")
    assert "2 answers deleted" in command("cache", "prune", "--unused-since", "2999-01-01")


@pytest.mark.parametrize("arguments", [["cache", "stats"], ["cache", "import", "nowhere.sqlite"]])
def test_a_cache_that_is_not_there_is_named(command, arguments):
    with pytest.raises(Exception, match=r"llm\.sqlite does not exist|nowhere\.sqlite does not exist"):
        command(*arguments)
