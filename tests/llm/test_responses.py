import pytest

from pointsman.llm.responses import CollectionError, check_failures, collection_summary, needs_answer, response_rows
from pointsman.llm.types import Answer
from pointsman.tables.schemas import QUERIES, RESPONSES, check, frame


def queries(*given):
    base = {"prompt": "Hi", "category": "c", "family": "f", "source": "s", "split": "test"}
    return frame(
        [base | {"id": f"q{i}"} | ({"metadata": {"given": what}} if what else {}) for i, what in enumerate(given)],
        QUERIES,
    )


def test_what_was_given_is_not_asked_again():
    table = queries(None, {"weak_response": "x"}, {"weak_score": 0.0}, {"weak_rating": 3}, {"strong_score": 1.0})
    assert needs_answer(table, "weak").tolist() == [True, False, False, False, True]


def test_rows_keep_order_failures_and_given_responses():
    table = queries(None, {"weak_response": "given", "weak_cost": 0.5}, {"weak_score": 0.0}, None)
    answers = {
        "q0": Answer(key="k", response="live", error=None, finish_reason="stop", cost=2.0, completion_tokens=3),
        "q3": Answer(key="k", response=None, error="timeout"),
    }
    rows = response_rows(table, "weak", "small", answers)
    check(frame(rows, RESPONSES), RESPONSES, "responses")
    assert [(row["id"], row.get("response"), row.get("cost"), row.get("error")) for row in rows] == [
        ("q0", "live", 2.0, None),
        ("q1", "given", 0.5, None),
        ("q3", None, None, "timeout"),
    ]


def test_too_many_failures_end_the_stage_and_say_how_to_go_on():
    rows = [{"error": None}] * 97 + [{"error": "HTTP 500"}] * 3
    check_failures(rows, "weak", 0.03)
    with pytest.raises(CollectionError, match="3 of 100 weak .* allowed are 2.0%.*HTTP 500.*dvc repro again"):
        check_failures(rows, "weak", 0.02)
    check_failures([], "weak", 0.0)


def test_the_summary_counts_origins_tokens_and_costs():
    answers = {
        "a": Answer("k", "x", None, "stop", 10, 5, 0.5, origin="live", latency_s=2.0),
        "b": Answer("k", "y", None, "length", 10, 7, 0.25, origin="recording"),
        "c": Answer("k", None, "timeout: no answer within 60 s"),
    }
    summary = collection_summary(answers)
    assert summary["origin"] == {"recording": 1, "cache": 0, "live": 2}
    counted = ("failed", "completion_tokens", "cost", "cut_at_max_tokens", "mean_live_latency_s")
    assert [summary[key] for key in counted] == [{"timeout": 1}, 12, 0.75, 1, 2.0]
