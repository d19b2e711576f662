"""Collection against a provider that is slow, limited, faulty or killed half-way."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from llm_cases import MODEL, request

from benchmarks.servers.provider import running
from pointsman.config.llm import Price
from pointsman.llm import sending
from pointsman.llm.budget import upper_cost_usd
from pointsman.llm.cache import opened
from pointsman.llm.client import answers, ask
from pointsman.llm.errors import BudgetError, ProviderError
from pointsman.llm.types import Request

ROOT = Path(__file__).parents[2]
ALL_FAULTS = ("429=0.1", "500=0.05", "hang=0.02", "reset=0.02", "truncated=0.01", "error=0.01", "no_choices=0.01")


@pytest.fixture(autouse=True)
def in_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's process needs to find its module."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def requests(count: int) -> list:
    return [request(f"query {number}") for number in range(count)]


def test_the_limit_is_found_by_trying(asking):
    with running("--latency-s", "0.05", "--per-second", "100", "--retry-after-s", "0.1") as provider:
        settings = asking(provider_base_url=provider.base_url, provider_concurrency=64, provider_max_retries=8)
        got = ask(requests(300), settings, what="test")
        counts = provider.counts()
    assert [answer.response for answer in got] == [f"answer to query {number}" for number in range(300)]
    assert set(counts["sent"].values()) == {1}
    assert counts["statuses"]["429"] < 90  # sixty-four workers without a window would meet far more


def test_every_request_is_answered_and_paid_once_whatever_goes_wrong(asking, monkeypatch):
    monkeypatch.setattr(sending, "FIRST_PAUSE_S", 0.01)
    with running("--retry-after-s", "0.05", "--faults", *ALL_FAULTS) as provider:
        settings = asking(
            provider_base_url=provider.base_url,
            provider_concurrency=32,
            provider_max_retries=12,
            provider_timeout_s=0.5,
        )
        got = ask(requests(500), settings, what="test")
        counts = provider.counts()
    assert [answer.response for answer in got] == [f"answer to query {number}" for number in range(500)]
    assert set(counts["sent"].values()) == {1}
    assert counts["statuses"].keys() >= {"200", "429", "hang", "reset", "truncated", "error", "no_choices"}


def test_a_provider_that_is_down_is_given_up_after_some_requests(asking, monkeypatch):
    monkeypatch.setattr(sending, "FIRST_PAUSE_S", 0.001)
    with running("--faults", "500=1.0") as provider:
        settings = asking(provider_base_url=provider.base_url, provider_max_retries=2)
        with pytest.raises(ProviderError, match=r"9\d of 100 are left undone.*does not answer.*failed for good"):
            ask(requests(100), settings, what="test")


@pytest.mark.parametrize("concurrency", [1, 64])
def test_the_cap_is_kept_at_any_concurrency_and_used(asking, concurrency):
    unit = Price(prompt_usd_per_1m=1.0, completion_usd_per_1m=1.0, date="2026-01-01")
    price = 0.01 / upper_cost_usd(request("query 123"), unit)  # the longest request can cost a cent
    with running("--latency-s", "0.01", "--usd", "0.01") as provider:
        settings = asking(
            price=price, budget_usd=1.0, provider_base_url=provider.base_url, provider_concurrency=concurrency
        )
        with pytest.raises(BudgetError, match="are left undone"):
            ask(requests(200), settings, what="test")
        paid = sum(provider.counts()["sent"].values()) * 0.01
    assert settings.budget.spent_usd == pytest.approx(paid)
    assert 0.97 <= paid <= 1.0


SCRIPT = """
import json, sys
from pathlib import Path
from pointsman.config.llm import LlmConfig, Provider
from pointsman.llm.client import answers
from pointsman.llm.shelf import Asking
from pointsman.llm.types import Request

base_url, count, concurrency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
provider = Provider(base_url=base_url, api_key_env=None, concurrency=concurrency, timeout_s=10, max_retries=3)
llm = LlmConfig(on_miss="ask", recordings=None, cache="llm.sqlite", budget_usd=None, max_failed_share=0.01,
                context_tokens=512, threads=None)
requests = [Request("remote", "m", ({"role": "user", "content": f"query {n}"},), 16) for n in range(count)]
with open("out.jsonl", "w") as out:
    for answer in answers(requests, Asking(llm, {"remote": provider}, {}, Path.cwd()), what="kill"):
        print(json.dumps([answer.key, answer.response, answer.cost, answer.error]), file=out)
"""


def test_a_kill_loses_nothing_that_was_answered(tmp_path):
    count, concurrency, kills, draw = 400, 8, 4, random.Random(5)
    keys = {Request("remote", "m", ({"role": "user", "content": f"query {n}"},), 16).key: n for n in range(count)}
    committed: dict[str, int] = {}  # the message of an answer on the disk -> how often it was answered by then
    with running("--latency-s", "0.02", "--usd", "0.001") as provider:
        command = [sys.executable, "-c", SCRIPT, provider.base_url, str(count), str(concurrency)]
        for kill in range(kills):
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            reached = (kill + 1) * count // (kills + 2)
            while len(provider.counts()["sent"]) < reached and process.poll() is None:
                time.sleep(0.002 + draw.random() * 0.02)
            assert process.poll() is None, "it ended before it could be killed"
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            sent = provider.counts()["sent"]
            with opened(Path("llm.sqlite")) as cache:
                texts = [f"query {keys[key]}" for key in cache.lookup(list(keys))]
            committed |= {text: sent[text] for text in texts}
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        sent = provider.counts()["sent"]
        interrupted = Path("out.jsonl").read_bytes()
        for file in Path().glob("llm.sqlite*"):
            file.unlink()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    assert len(sent) == count
    assert len(committed) > count // 2
    assert {text: sent[text] for text in committed} == committed, "what was committed is not asked again"
    assert sum(sent.values()) - count <= kills * concurrency
    assert interrupted == Path("out.jsonl").read_bytes()


def test_a_provider_dearer_than_its_price_in_conf_crosses_the_cap_by_no_more_than_its_first_answers(asking):
    with running("--latency-s", "0.01", "--usd", "0.01") as provider:  # the most by conf's price is less than a cent
        settings = asking(price=60.0, budget_usd=1.0, provider_base_url=provider.base_url, provider_concurrency=64)
        with pytest.raises(BudgetError):
            ask(requests(200), settings, what="test")
        paid = sum(provider.counts()["sent"].values()) * 0.01
    assert 0.97 <= paid <= 1.0


def test_answers_stay_on_disk_until_they_are_drawn(asking):
    with running() as provider:
        settings = asking(provider_base_url=provider.base_url, provider_concurrency=8)
        drawn = answers(requests(5), settings, what="test")
        assert next(drawn).response == "answer to query 0"
        assert len(list(drawn)) == 4


def test_what_a_stage_asked_and_spent_is_kept_also_when_it_is_stopped(asking):
    with running("--usd", "0.25") as provider:
        settings = asking(price=1000.0, budget_usd=1.0, provider_base_url=provider.base_url, provider_concurrency=1)
        with pytest.raises(BudgetError):
            ask(requests(9), replace(settings, stage="responses@weak"), what="test")
    spend = json.loads(Path("reports/spend.json").read_text())["responses@weak"]
    assert spend["spent_usd_of_this_run"] == 1.0
    assert spend["models"][f"remote/{MODEL}"] == {
        "recorded": 0,
        "cached": 0,
        "live": 4,
        "failed": 0,
        "prompt_tokens": 8,
        "completion_tokens": 32,
        "cost": 1.0,
        "cost_of_this_run": 1.0,
    }


def test_a_planted_key_is_in_no_file_and_no_line_of_a_failing_run(tmp_path):
    key = "sk-planted-0123456789"
    script = SCRIPT.replace("api_key_env=None", 'api_key_env="PLANTED_KEY"').replace("max_retries=3", "max_retries=0")
    (tmp_path / ".env").write_text(f"PLANTED_KEY={key}\n")
    environment = os.environ | {"OPENAI_LOG": "debug"}
    said = b""
    for fault in ("error=0.5", "500=1.0", "reset=0.6"):
        with running("--faults", fault, "--echo-key") as provider:
            command = [sys.executable, "-c", script, provider.base_url, "12", "2"]
            ended = subprocess.run(command, capture_output=True, env=environment, check=False)
            said += ended.stdout + ended.stderr + Path("out.jsonl").read_bytes()
            assert key in provider.counts()["keys"], "the key was sent"
    assert b"another key than [hidden]" in said
    (tmp_path / ".env").unlink()
    left = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(left) >= 2, "the cache and the output"
    assert [name for name, content in left.items() if key.encode() in content] == []
    assert key.encode() not in said
