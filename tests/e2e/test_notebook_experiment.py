"""experiment=notebook on small files of the same shape: what it would cost, then all of it against a local server."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from werkzeug import Response

from pointsman.config.compose import compose
from pointsman.rating.judge import JudgeError
from pointsman.tables.io import read_lines
from pointsman.tables.schemas import RESPONSES, frame, write_table
from stages import queries, ratings, responses

ROOT = Path(__file__).parents[2]
ROWS = 12


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project composed for the experiment, its two data sets lying beside it; no key is set."""
    for name in ("OPENROUTER_API_KEY", "GROQ_API_KEY", "OPENROUTER_BASE_URL", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    names = ["open_qa", "closed_qa", "brainstorming"]
    dolly = [
        {"instruction": f"Tell me about town {i}.", "context": "It is old." if i % 2 else "", "response": "Gladly."}
        | {"category": names[i % 3]}
        for i in range(ROWS)
    ]
    alpaca = [{"instruction": f"Write function f{i}.", "input": "", "output": "def f(): ..."} for i in range(ROWS)]
    for name, rows in (("dolly", dolly), ("alpaca", alpaca)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    files = f"dolly: {tmp_path}/dolly.jsonl, codealpaca: {tmp_path}/alpaca.jsonl"
    overrides = [
        "experiment=notebook",
        f"queries.sources=[{{kind: dolly_codealpaca, {files}, count: {ROWS}}}]",
        "queries.near_duplicate_similarity=null",
        "rating.judge.repeat_on=5",
    ]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(compose(ROOT / "conf", overrides)), "utf-8")
    (tmp_path / "prompts").symlink_to(ROOT / "prompts")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(project, monkeypatch, capsys):
    """Run a stage with arguments; returns what it prints."""

    def ran(stage, *arguments):
        monkeypatch.setattr(sys, "argv", ["stage", *arguments])
        stage.main()
        return capsys.readouterr().out

    return ran


def requests_and_dollars(said, model):
    line = next(line for line in said.splitlines() if model in line).split()
    return int(line[2]), int(line[5]), float(re.search(r"at most \$([\d.]+)", said)[1])


def answer(received):
    """Both candidates and the judge."""
    sent = json.loads(received.data)
    text = '{"rationale": "fine", "rating": 4}' if "gpt-oss" in sent["model"] else f"{sent['model']} says so."
    usage = {"prompt_tokens": 50, "completion_tokens": 9, "cost": 0.0001}
    choices = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]
    return Response(json.dumps({"id": "1", "choices": choices, "usage": usage}), content_type="application/json")


def test_every_stages_cost_is_known_before_and_without_a_key(run, project):
    run(queries)
    for role, model in (("weak", "llama-3.1-8b-instruct"), ("strong", "qwen3-coder")):
        requests, to_ask, dollars = requests_and_dollars(run(responses, "--role", role, "--dry-run"), model)
        assert requests == to_ask == 2 * ROWS
        assert dollars > 0
    said = run(ratings, "--dry-run")
    requests, to_ask, dollars = requests_and_dollars(said, "gpt-oss-120b")
    assert requests == to_ask == 2 * 2 * ROWS + 2 * 5
    assert dollars > 0
    assert f"{2 * 2 * ROWS} are for ratings, 0 to measure it against references, 10 to see whether it repeats" in said
    assert "no weak or strong answers lie here yet: 500 tokens each are assumed" in said
    assert not (project / ".cache").exists()


def test_all_of_it_runs_and_nothing_is_paid_twice(run, project, monkeypatch, httpserver):
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(answer)
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-none")
    monkeypatch.setenv("OPENROUTER_BASE_URL", httpserver.url_for("/v1"))
    run(queries)
    for role in ("weak", "strong"):
        run(responses, "--role", role)
    said = run(ratings, "--dry-run")
    assert "assumed" not in said
    assert len(httpserver.log) == 2 * 2 * ROWS
    run(ratings)
    rated = list(read_lines(project / "data/ratings.jsonl"))
    assert {(row["method"], row["score"], row["judge_model"]) for row in rated} == {
        ("judge", 0.75, "openai/gpt-oss-120b")
    }
    judgements = (project / "data/judgements.jsonl").read_bytes()
    assert judgements.count(b"\n") == 2 * 2 * ROWS + 2 * 5
    sent = len(httpserver.log)
    run(ratings)
    assert requests_and_dollars(run(ratings, "--dry-run"), "gpt-oss-120b")[1:] == (0, 0.0)
    assert len(httpserver.log) == sent
    assert (project / "data/judgements.jsonl").read_bytes() == judgements


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"candidate": None},
            rf"{4 * ROWS} answers are to be judged, and no judge is named; set rating.judge.candidate",
        ),
        ({"prompt": "nowhere.txt"}, "rating.judge.prompt is nowhere.txt, which is no file"),
        ({"prompt": "odd.txt"}, r"odd.txt has the placeholders \['anwser'\], expected \['answer', 'mark', 'query'"),
    ],
)
@pytest.mark.parametrize("how", [[], ["--dry-run"]])
def test_a_judge_that_cannot_be_asked_is_told_before_anything_is_sent(run, project, changes, says, how):
    run(queries)
    rows = [{"id": row["id"], "model": "m", "response": "So."} for row in read_lines(project / "data/queries.jsonl")]
    for role in ("weak", "strong"):
        write_table(project / f"data/responses/{role}.jsonl", frame(rows, RESPONSES), RESPONSES)
    (project / "odd.txt").write_text("Rate $anwser.")
    params = yaml.safe_load((project / "params.yaml").read_text("utf-8"))
    params["rating"]["judge"] |= changes
    (project / "params.yaml").write_text(yaml.safe_dump(params), "utf-8")
    with pytest.raises(JudgeError, match=says):
        run(ratings, *how)
