"""The decision log, and the way of its rows into the next training."""

import hashlib
import json
import stat

import httpx
import pytest
from proxy_cases import serve

from pointsman.config import compose
from pointsman.config.serving import DecisionLogConfig
from pointsman.queries.sources.file import generate
from pointsman.routers.base import router_text
from pointsman.serving.proxy.decisions import DecisionLog

ASK = [{"role": "user", "content": "what is the capital"}]
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "easy?"},
    {"role": "assistant", "content": "yes"},
    {"role": "user", "content": [{"type": "text", "text": "and a hard puzzle"},
                                 {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
]  # fmt: skip
PICTURE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]


def logged(router, pair, path, bodies, text, **settings):
    """The rows that these requests leave."""
    log = {"path": str(path), "text": text, "max_mb": 1, "files": 2}
    with serve(router, pair(decision_log=log, **settings)) as (url, _):
        for body in bodies:
            httpx.post(f"{url}/v1/chat/completions", json={"model": "pointsman-1", "messages": ASK} | body, timeout=30)
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("stream", [False, True])
def test_a_row_says_what_was_decided_and_what_came_of_it(router, pair, weak, strong, tmp_path, stream):
    weak.behaviour = "status_500"
    (row,) = logged(router, pair, tmp_path / "log" / "d.jsonl", [{"stream": stream, "user": "ann"}], text=False)
    digest = hashlib.sha256(ASK[0]["content"].encode()).hexdigest()
    assert 0 < row.pop("first_token_s") <= row.pop("duration_s")
    assert row.pop("score") == pytest.approx(router.scores([ASK[0]["content"]]).score[0], abs=1e-5)
    assert row.pop("id").startswith("chatcmpl-")
    assert row.pop("time").endswith("+00:00")
    assert row.pop("saved_usd") == 0
    assert row.pop("cost_usd") == pytest.approx(180e-6)
    assert row == {
        "prompt_sha256": digest, "user_sha256": hashlib.sha256(b"ann").hexdigest(), "requested": "pointsman-1",
        "router_version": router.version, "mode": "route", "arm": "routed", "threshold": 1.0, "decision": "weak",
        "route": "weak", "model": "org/large", "fallback": True, "failures": [{"role": "weak", "kind": "status"}],
        "status": 200, "finish_reason": "stop", "prompt_tokens": 10, "completion_tokens": 4,
    }  # fmt: skip


def test_shadow_keeps_the_routers_word_beside_what_was_done(router, pair, weak, strong, tmp_path):
    (row,) = logged(router, pair, tmp_path / "d.jsonl", [{}], text=False, mode="shadow")
    assert (row["mode"], row["arm"], row["decision"], row["route"]) == ("shadow", "control", "weak", "strong")


def test_a_request_that_no_model_answers_leaves_a_row_too(router, pair, weak, strong, tmp_path):
    weak.behaviour = strong.behaviour = "status_500"
    (row,) = logged(router, pair, tmp_path / "d.jsonl", [{}], text=False)
    assert (row["status"], row["model"], [one["role"] for one in row["failures"]]) == (503, None, ["weak", "strong"])


@pytest.mark.parametrize(
    ("behaviour", "status", "kinds"),
    [("end_mid_stream", 502, ["broken off"]), ("silence_mid_stream", 502, ["timeout"]), ("stepwise", 499, [])],
)
def test_a_stream_that_breaks_or_loses_its_client_says_so(
    router, pair, weak, strong, tmp_path, behaviour, status, kinds
):
    weak.behaviour = behaviour
    log = {"path": str(tmp_path / "d.jsonl"), "text": False, "max_mb": 1, "files": 2}
    quick = {"connect_s": 2, "first_token_s": 60 if status == 499 else 0.4, "total_s": 60}
    body = {"model": "pointsman-1", "messages": ASK, "stream": True}
    with (
        serve(router, pair(decision_log=log, timeouts=quick)) as (url, _),
        httpx.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=30) as answer,
    ):
        parts = answer.iter_raw()
        next(parts)
        if status != 499:
            list(parts)
        else:
            answer.close()
            assert weak.closed_early.wait(20)
    (row,) = map(json.loads, (tmp_path / "d.jsonl").read_text().splitlines())
    assert (row["status"], row["model"], row["finish_reason"]) == (status, "org/small", None)
    assert [one["kind"] for one in row["failures"]] == kinds


def test_without_leave_no_word_of_a_prompt_is_kept(router, pair, weak, strong, tmp_path):
    logged(router, pair, tmp_path / "d.jsonl", [{}, {"messages": TALK}, {"messages": PICTURE}], text=False)
    content = (tmp_path / "d.jsonl").read_text()
    assert len(content.splitlines()) == 3
    for word in ("capital", "brief", "puzzle", "AAAA", "I am"):
        assert word not in content
    assert stat.S_IMODE((tmp_path / "d.jsonl").stat().st_mode) == 0o600


def test_rows_with_text_are_queries_for_the_next_training(router, pair, weak, strong, tmp_path):
    bodies = [{}, {"messages": TALK, "stream": True}, {"messages": PICTURE}, {"model": "pointsman-strong"}]
    path = tmp_path / "decisions.jsonl"
    rows = logged(router, pair, path, bodies, text=True)
    queries = list(generate(path, {}, max_prompt_chars=100_000))
    assert [query.prompt for query in queries] == [ASK[0]["content"], "and a hard puzzle", ASK[0]["content"]]
    assert [query.id for query in queries] == [row["id"] for row in rows]
    assert queries[0].messages is None
    assert router_text(queries[1].prompt, queries[1].messages) == router_text("", TALK)
    assert queries[0].given == {}  # what a response cost in production is no score of it
    assert "AAAA" not in path.read_text()


def test_the_log_composes_as_a_source_of_queries(tmp_path):
    conf = compose.Path(__file__).parents[2] / "conf"
    composed = compose.compose(conf, ["queries=file", f"queries.path={tmp_path / 'decisions.jsonl'}"])
    assert composed["queries"]["sources"] == [{"kind": "file"}]


def test_files_rotate_and_keep_the_suffix_that_queries_need(tmp_path):
    log = DecisionLog(DecisionLogConfig(path=str(tmp_path / "d.jsonl"), text=True, max_mb=1, files=2))
    for number in range(45):
        log.write({"id": number, "prompt": "é" * 50_000})  # 100 kB each
    log.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["d.1.jsonl", "d.2.jsonl", "d.jsonl"]
    kept = [json.loads(line)["id"] for name in reversed(names[:2] + names[2:]) for line in (tmp_path / name).open()]
    assert sorted(kept) == list(range(45 - len(kept), 45))
    assert all(path.stat().st_size <= 1_100_000 for path in tmp_path.iterdir())


def test_a_long_prompt_is_cut_to_what_queries_accept(router, pair, weak, strong, tmp_path):
    (row,) = logged(
        router, pair, tmp_path / "d.jsonl", [{"messages": [{"role": "user", "content": "a" * 150_000}]}], text=True
    )
    assert len(row["prompt"]) == 100_000
    assert len(list(generate(tmp_path / "d.jsonl", {}, max_prompt_chars=100_000))) == 1


def test_a_full_disk_loses_rows_and_nothing_else(capsys):
    from prometheus_client import REGISTRY

    def lost():
        return REGISTRY.get_sample_value("pointsman_proxy_lost_log_rows_total") or 0.0

    before = lost()
    log = DecisionLog(DecisionLogConfig(path="/dev/full", text=True, max_mb=1, files=1))
    log.write({"prompt": "secret question"})
    log.close()
    assert lost() - before == 1
    said = capsys.readouterr().err
    assert "No space left on device" in said
    assert "secret question" not in said
