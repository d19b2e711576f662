from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from judge_cases import PARIS, judge_config, nothing_known, query, responses

from pointsman.config.rating import RatingConfig, SandboxConfig
from pointsman.llm.types import Answer, Request
from pointsman.rating.plan import plan
from pointsman.rating.questions import questions
from pointsman.rating.rate import Rated, rate
from pointsman.rating.references import Verdict, verdict_key
from pointsman.tables.schemas import QUERIES, RATINGS, check, frame

CODE = {"kind": "code", "entry_point": "f", "checks": ["assert f() == 1"], "setup": ""}
TEMPLATE = "$mark $query $answer $reference"


def config(limits: SandboxConfig, method: str = "reference", judge: bool = False) -> RatingConfig:
    settings = judge_config() if judge else judge_config(candidate=None)
    return RatingConfig(method=method, workers=1, sandbox=limits, judge=settings)  # type: ignore[arg-type]


def rated(
    queries: list[dict[str, Any]],
    tables: dict[str, pd.DataFrame],
    settings: RatingConfig,
    *,
    says: str = '{"rating": 4, "rationale": "fine"}',
    recorded: dict[str, Verdict] | None = None,
) -> tuple[list[dict[str, Any]], Rated, list[Request]]:
    asked: list[Request] = []

    def ask(requests: Sequence[Request]) -> list[Answer]:
        asked.extend(requests)
        return [Answer(request.key, says, None) for request in requests]

    table = check(frame(queries, QUERIES), QUERIES, "queries")
    found = rate(
        plan(table, tables, settings),
        settings,
        ask=ask,
        known=nothing_known,
        template=TEMPLATE,
        recorded=recorded or {},
    )
    check(frame(found.rows, RATINGS), RATINGS, "ratings")
    return found.rows, found, asked


def test_references_are_checked_and_both_roles_come_in_the_queries_order(limits: SandboxConfig) -> None:
    rows, _, asked = rated(
        [query("b", PARIS), query("a", PARIS)],
        {"weak": responses(a="Paris", b="Lyon"), "strong": responses(a="Lyon", b="Paris")},
        config(limits),
    )
    assert [(row["id"], row["role"], row["score"], row["rating"], row["method"]) for row in rows] == [
        ("b", "weak", 0.0, 1.0, "reference"),
        ("b", "strong", 1.0, 5.0, "reference"),
        ("a", "weak", 1.0, 5.0, "reference"),
        ("a", "strong", 0.0, 1.0, "reference"),
    ]
    assert asked == []


def test_given_scores_and_ratings_are_kept_and_need_no_response(limits: SandboxConfig) -> None:
    rows, _, _ = rated(
        [
            query("s", None, weak_score=0.25),
            query("r", PARIS, weak_rating=4.0),
            query("b", None, weak_score=1.0, weak_rating=3.0),
        ],
        {"weak": responses(r="Lyon")},
        config(limits),
    )
    assert [(row["score"], row["rating"], row["method"]) for row in rows] == [
        (0.25, 2.0, "given"),
        (0.75, 4.0, "given"),
        (1.0, 3.0, "given"),
    ]


def test_a_given_score_of_one_role_leaves_the_other_to_be_rated(limits: SandboxConfig) -> None:
    rows, _, _ = rated(
        [query("a", PARIS, weak_score=0.5)], {"weak": responses(), "strong": responses(a="Paris")}, config(limits)
    )
    assert [row["method"] for row in rows] == ["given", "reference"]


def test_the_judge_rates_everything_where_it_is_the_method(limits: SandboxConfig) -> None:
    rows, _, asked = rated(
        [query("a", PARIS), query("b")], {"weak": responses(a="Lyon", b="x")}, config(limits, "judge", judge=True)
    )
    assert [(row["score"], row["rating"], row["rationale"], row["judge_model"]) for row in rows] == [
        (0.75, 4.0, "fine", "judge-1")
    ] * 2
    assert [str(request.messages[0]["content"]).split(maxsplit=1)[1] for request in asked] == [
        "prompt a Lyon Paris",
        "prompt b x none is known",
    ]


@pytest.mark.parametrize(("rating", "score"), [(1, 0.0), (2, 0.25), (3, 0.5), (4, 0.75), (5, 1.0)])
def test_ratings_map_to_scores(rating: int, score: float, limits: SandboxConfig) -> None:
    settings = config(limits, "judge", judge=True)
    rows, _, _ = rated([query("a")], {"weak": responses(a="x")}, settings, says=f'{{"rating": {rating}}}')
    assert (rows[0]["rating"], rows[0]["score"]) == (rating, score)


def test_both_checks_where_it_can_and_judges_the_rest(limits: SandboxConfig) -> None:
    rows, _, asked = rated(
        [query("a", PARIS), query("b")], {"weak": responses(a="Paris", b="x")}, config(limits, "both", judge=True)
    )
    assert [(row["method"], row["score"], row["judge_model"]) for row in rows] == [
        ("reference", 1.0, None),
        ("judge", 0.75, "judge-1"),
    ]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("method", "reference", "text", "told"),
    [
        ("reference", PARIS, None, "no response to rate: HTTP 500"),
        ("judge", PARIS, None, "no response to rate: HTTP 500"),
        ("reference", None, "x", "no reference; set rating.method to judge or both, and rating.judge.candidate"),
        ("both", None, "x", "rating.judge.candidate"),
        ("judge", PARIS, "x", "rating.judge.candidate"),
        ("reference", {"kind": "essay"}, "x", "reference kind 'essay' is unknown"),
    ],
)
def test_what_cannot_be_rated_is_a_row_with_an_error(
    method: str, reference: dict[str, Any] | None, text: str | None, told: str, limits: SandboxConfig
) -> None:
    rows, _, asked = rated([query("a", reference)], {"weak": responses(a=text)}, config(limits, method))
    assert told in rows[0]["error"]
    assert (rows[0]["score"], rows[0]["rating"], asked) == (None, None, [])


def test_a_query_without_a_row_is_an_error_too(limits: SandboxConfig) -> None:
    rows, _, _ = rated([query("a", PARIS)], {"weak": responses()}, config(limits))
    assert rows[0]["error"] == "there is no response"


def test_a_judge_that_answers_nonsense_is_a_row_with_an_error(limits: SandboxConfig) -> None:
    rows, _, _ = rated([query("a")], {"weak": responses(a="x")}, config(limits, "judge", judge=True), says="nine")
    assert rows[0]["error"] == "the judge gave no rating: 'nine', after one repair"
    assert rows[0]["judge_model"] == "judge-1"


def test_recorded_verdicts_are_replayed_and_live_ones_reported(limits: SandboxConfig, isolated: None) -> None:
    right, wrong = "def f(): return 1", "def f(): return 2"
    recorded = {verdict_key(right, CODE): Verdict(0.125, "recorded")}
    rows, found, _ = rated(
        [query("a", CODE), query("b", CODE)], {"weak": responses(a=right, b=wrong)}, config(limits), recorded=recorded
    )
    assert [(row["score"], row["rating"]) for row in rows] == [(0.125, 1.5), (0.0, 1.0)]
    assert found.live == {
        verdict_key(wrong, CODE): Verdict(0.0, "0 of 1 checks passed; first failure: AssertionError: ")
    }


def test_an_empty_response_is_wrong_and_no_error(limits: SandboxConfig) -> None:
    rows, _, _ = rated([query("a", PARIS)], {"weak": responses(a="")}, config(limits))
    assert (rows[0]["score"], rows[0]["error"]) == (0.0, None)


def test_what_a_judge_would_be_asked_can_be_had_beforehand(limits: SandboxConfig) -> None:
    settings = config(limits, "both", judge=True)
    table = check(frame([query("a", PARIS), query("b")], QUERIES), QUERIES, "queries")
    tasks = plan(table, {"weak": responses(a="Paris", b="x")}, settings)
    assert len(questions(tasks, settings, TEMPLATE)) == 1
