import gzip
import json
from pathlib import Path

import pytest
from llm_cases import request

from pointsman.config.llm import Weights
from pointsman.llm.cache import Entry, Kept, opened
from pointsman.llm.client import ask
from pointsman.llm.errors import MissingAnswersError, RecordingsError
from pointsman.llm.export import export, tokens_per_second
from pointsman.llm.recordings import read_recordings
from pointsman.llm.types import Answer, Logprob, Request

DIGEST = "a" * 64
WEIGHTS = {
    "small": Weights(repository=None, license="MIT", parameters=2e9, files=[{"name": "small.gguf", "sha256": DIGEST}])
}
FOLDER = Path("recordings")


def local(text: str, **changes) -> Request:
    return request(text, provider="local", model="small", model_hash=DIGEST, **changes)


def answer_to(asked: Request, **changes) -> Answer:
    values = {"response": f"re: {asked.messages[0]['content']}", "finish_reason": "stop", "latency_s": 0.5, **changes}
    return Answer(key=asked.key, error=None, prompt_tokens=5, completion_tokens=3, served_by="local", **values)


@pytest.fixture
def record(asking):
    """Puts answers into the cache and exports them."""

    def run(*asked: Request, **changes):
        settings = asking(weights=WEIGHTS)
        with opened(settings.cache_file) as cache:
            for one in asked:
                cache.store([Entry(one, Kept(answer_to(one, **changes), None))])
        return export(settings, FOLDER)

    return run


def test_what_is_recorded_is_replayed_without_cache_or_model(asking, record):
    asked = [local("a", top_logprobs=1), local("b")]
    assert record(*asked, first_token=(Logprob("A", -0.25),)) == [("small", 2, 2)]
    settings = asking(weights=WEIGHTS, cache="elsewhere.sqlite", on_miss="fail")
    answers = ask(asked, settings, what="test")
    assert [answer.response for answer in answers] == ["re: a", "re: b"]
    assert answers[0].first_token == (Logprob("A", -0.25),)
    assert answers[0].cost == pytest.approx(2e9 * 8 / 1e9)
    assert {(answer.origin, answer.served_by) for answer in answers} == {("recording", "local")}
    assert not Path("elsewhere.sqlite").exists()


def test_recordings_can_be_switched_off(asking, record):
    record(local("a"))
    settings = asking(weights=WEIGHTS, cache="elsewhere.sqlite", on_miss="fail", recordings=None)
    with pytest.raises(MissingAnswersError, match="1 answers are neither recorded nor cached"):
        ask([local("a")], settings, what="test")


def test_equal_answers_give_equal_bytes_in_any_order(record):
    asked = [local(str(number)) for number in range(5)]
    record(*asked)
    first = (FOLDER / "small.jsonl.gz").read_bytes()
    (FOLDER / "small.jsonl.gz").unlink()
    (FOLDER / "manifest.json").unlink()
    Path(".cache/llm.sqlite").unlink()
    record(*asked[::-1])
    assert (FOLDER / "small.jsonl.gz").read_bytes() == first


def test_rows_hold_answers_and_no_question(record):
    record(local("what is asked"), response="what is said")
    lines = gzip.decompress((FOLDER / "small.jsonl.gz").read_bytes()).decode().splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "key": local("what is asked").key,
            "response": "what is said",
            "finish_reason": "stop",
            "prompt_tokens": 5,
            "completion_tokens": 3,
        }
    ]


def test_new_answers_join_those_that_are_recorded(record):
    record(local("a"))
    assert record(local("b")) == [("small", 1, 2)]
    assert set(read_recordings(FOLDER, ["small"])) == {local("a").key, local("b").key}
    assert read_recordings(FOLDER, ["another"]) == {}


def test_answers_of_other_weights_stay_out(record):
    assert record(local("a"), local("b").__class__(**{**vars(local("b")), "model_hash": "b" * 64})) == [("small", 1, 1)]


def test_the_manifest_says_how_the_answers_came_about(record):
    record(local("a", max_tokens=32), local("b", max_tokens=64))
    manifest = json.loads((FOLDER / "manifest.json").read_text())
    entry = manifest["models"]["small"]
    assert manifest["format"] == 1
    assert (entry["file"], entry["answers"], entry["weights_sha256"]) == ("small.jsonl.gz", 2, DIGEST)
    assert (entry["temperature"], entry["max_tokens"]) == ([0.0], [32, 64])
    assert (entry["prompt_tokens"], entry["completion_tokens"]) == (10, 6)
    assert entry["engine"].startswith("xllamacpp ")
    assert set(entry["machine"]) == {"cpu", "cores"}


def test_tokens_per_second_counts_overlapping_seconds_once():
    def row(end: float, latency: float) -> dict:
        return {"answered_at": end, "latency_s": latency, "answer": json.dumps({"completion_tokens": 30})}

    assert tokens_per_second([row(10.0, 2.0), row(11.0, 2.0), row(100.0, 3.0)]) == 15.0
    assert tokens_per_second([]) is None


def test_another_format_is_refused(record):
    record(local("a"))
    (FOLDER / "manifest.json").write_text('{"format": 2, "models": {}}')
    with pytest.raises(RecordingsError, match=r"has format 2, this Pointsman reads format 1.*llm\.recordings=null"):
        read_recordings(FOLDER, ["small"])


def test_a_damaged_file_is_named(record):
    record(local("a"))
    (FOLDER / "small.jsonl.gz").write_bytes(b"\x1f\x8b damaged")
    with pytest.raises(RecordingsError, match=r"small\.jsonl\.gz cannot be read.*git checkout"):
        read_recordings(FOLDER, ["small"])


def test_a_damaged_manifest_is_named_with_what_restores_it():
    FOLDER.mkdir()
    (FOLDER / "manifest.json").write_text('{"format":')
    with pytest.raises(RecordingsError, match=r"manifest\.json cannot be read.*git checkout recordings"):
        read_recordings(FOLDER, ["small"])
