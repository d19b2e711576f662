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
    assert f"{MODEL} is not listed; close: ['other/model']" in printed.out
    assert "wrong key [hidden]" in printed.out
    assert KEY not in printed.out + printed.err


def test_check_without_a_key_says_which(command, remote_pair, monkeypatch, capsys):
    monkeypatch.delenv("REMOTE_API_KEY")
    with pytest.raises(SystemExit):
        command("check")
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
