from typing import Any

import pytest
from judge_cases import PARIS, Judge, nothing_known, query, rating_config, responses

from pointsman.rating.plan import plan, sample
from pointsman.rating.questions import Question, questions
from pointsman.rating.rate import Rated, rate
from pointsman.tables.schemas import JUDGEMENTS, QUERIES, RATINGS, check, frame

SINGLE = "$mark Q:$query A:$answer R:$reference"
PAIRWISE = "$mark Q:$query A:$first B:$second R:$reference"
TEMPLATES = {"single": SINGLE, "pairwise": PAIRWISE}


def rated(queries: list[dict[str, Any]], judge: Judge, method: str = "judge", **settings: Any) -> Rated:
    """Both roles answer each query: weak says `weak NAME`, strong says Paris; `answers` says otherwise."""
    table, answers = check(frame(queries, QUERIES), QUERIES, "queries"), settings.pop("answers", {})
    config = rating_config(method, **settings)
    said = {
        role: responses(**{name: text.get(role) if (text := answers.get(name)) else default(role, name)
                           for name in table["id"]})
        for role in ("weak", "strong")
    }  # fmt: skip
    found = rate(
        plan(table, said, config),
        config,
        ask=judge.ask,
        known=nothing_known,
        template=TEMPLATES[config.judge.mode],
        recorded={},
    )
    check(frame(found.rows, RATINGS), RATINGS, "ratings")
    check(frame(found.judgements, JUDGEMENTS), JUDGEMENTS, "judgements")
    return found


def default(role: str, name: str) -> str:
    return "Paris" if role == "strong" else f"weak {name}"


def scores(found: Rated) -> list[tuple[str, str, float | None]]:
    return [(row["id"], row["role"], row["score"]) for row in found.rows]


def test_a_sample_does_not_depend_on_the_order_and_grows_with_its_size() -> None:
    names = [f"q{number}" for number in range(50)]
    assert sample(names, 10) == sample(reversed(names), 10) == sample(names, 20)[:10]
    assert sample(names, 10) != sample(names, 10, salt="repeat")
    assert len(set(sample(names, 10)) & set(sample([*names, "new"], 10))) >= 9


class TestValidation:
    def test_both_methods_see_the_sample_and_the_check_decides(self) -> None:
        judge = Judge(lambda text: '{"rating": 2}')
        found = rated([query("a", PARIS), query("b")], judge, "both", validate_on=5)
        assert scores(found) == [("a", "weak", 0.0), ("a", "strong", 1.0), ("b", "weak", 0.25), ("b", "strong", 0.25)]
        kept = [
            (row["id"], row["role"], row["decides"], row["weak_reference"], row["strong_reference"], row["rating"])
            for row in found.judgements
        ]
        assert kept == [
            ("a", "weak", False, 0.0, 1.0, 2),
            ("a", "strong", False, 0.0, 1.0, 2),
            ("b", "weak", True, None, None, 2),
            ("b", "strong", True, None, None, 2),
        ]

    def test_where_the_judge_decides_it_is_checked_too_at_no_further_request(self) -> None:
        judge = Judge(lambda text: '{"rating": 2}')
        found = rated([query("a", PARIS), query("b", PARIS)], judge, "judge", validate_on=1)
        assert {score for *_, score in scores(found)} == {0.25}
        assert len(judge.asked) == 4
        assert [row["strong_reference"] for row in found.judgements].count(1.0) == 2

    @pytest.mark.parametrize(("method", "size"), [("reference", 5), ("both", 0)])
    def test_none_is_asked_for_where_it_is_switched_off(self, method: str, size: int) -> None:
        judge = Judge(lambda text: "{}")
        rated([query("a", PARIS)], judge, method, validate_on=size)
        assert judge.asked == []

    def test_a_query_with_a_given_score_or_a_failed_answer_is_no_part_of_it(self) -> None:
        judge = Judge(lambda text: '{"rating": 2}')
        queries = [query("a", PARIS, weak_score=0.5), query("b", PARIS)]
        rated(queries, judge, "both", validate_on=5, answers={"b": {"weak": None, "strong": "Paris"}})
        assert judge.asked == []


class TestReference:
    def shown(self, method: str, **settings: Any) -> list[bool]:
        judge = Judge(lambda text: '{"rating": 2}')
        found = rated([query("a", PARIS)], judge, method, validate_on=1, **settings)
        shows = ["R:Paris" in str(request.messages[0]["content"]) for request in judge.asked]
        assert shows == [row["guided"] for row in found.judgements]
        return shows

    def test_it_guides_the_judge_that_decides(self) -> None:
        assert self.shown("judge") == [True, True]

    def test_it_is_kept_from_the_judge_on_demand(self) -> None:
        assert self.shown("judge", use_reference=False) == [False, False]

    def test_a_judge_of_rows_without_reference_is_measured_without(self) -> None:
        assert self.shown("both") == [False, False]


class TestPairwise:
    def test_both_orders_are_asked_and_agreement_wins(self) -> None:
        judge = Judge(lambda text: '{"better": "A"}' if "A:Paris" in text else '{"better": "B"}')
        found = rated([query("a")], judge, mode="pairwise")
        assert scores(found) == [("a", "weak", 0.0), ("a", "strong", 1.0)]
        shown = [str(request.messages[0]["content"]).split(" ", 1)[1] for request in judge.asked]
        assert shown == [
            "Q:prompt a A:weak a B:Paris R:none is known",
            "Q:prompt a A:Paris B:weak a R:none is known",
        ]
        assert [(row["role"], row["preferred"]) for row in found.judgements] == [
            ("weak", "strong"),
            ("strong", "strong"),
        ]

    @pytest.mark.parametrize("better", ["A", "B", "tie"])
    def test_disagreement_is_a_tie(self, better: str) -> None:
        found = rated([query("a")], Judge(lambda text: f'{{"better": "{better}"}}'), mode="pairwise")
        assert scores(found) == [("a", "weak", 0.5), ("a", "strong", 0.5)]
        assert [row["rating"] for row in found.rows] == [3.0, 3.0]

    def test_the_same_text_is_a_tie_that_nobody_is_asked_about(self) -> None:
        judge = Judge(lambda text: "{}")
        found = rated([query("a")], judge, mode="pairwise", answers={"a": {"weak": "x", "strong": "x"}})
        assert scores(found) == [("a", "weak", 0.5), ("a", "strong", 0.5)]
        assert judge.asked == []

    def test_one_unreadable_order_leaves_no_score(self) -> None:
        judge = Judge(lambda text: '{"better": "A"}' if "A:Paris" in text else "hm")
        found = rated([query("a")], judge, mode="pairwise")
        assert scores(found) == [("a", "weak", None), ("a", "strong", None)]
        assert {row["error"] for row in found.rows} == {"the judge gave no better: 'hm', after one repair"}

    @pytest.mark.parametrize("queries", [[query("a", weak_score=1.0)], [query("a")]])
    def test_one_answer_cannot_be_compared(self, queries: list[dict[str, Any]]) -> None:
        answers = {} if queries[0]["metadata"] else {"a": {"weak": None, "strong": "Paris"}}
        judge = Judge(lambda text: "{}")
        found = rated(queries, judge, mode="pairwise", answers=answers)
        told = [row["error"] for row in found.rows if row["role"] == "strong"]
        assert told == ["there is no second answer to compare it with; set rating.judge.mode to single"]
        assert judge.asked == []


def test_repeats_differ_in_their_seed_alone_and_change_no_score() -> None:
    judge = Judge(lambda text: '{"rating": 4}')
    found = rated([query("a"), query("b")], judge, repeat_on=1, repeats=2)
    seeds = [request.extra.get("seed") for request in judge.asked]
    assert sorted(seeds, key=str) == [1, 1, 2, 2, None, None, None, None]
    assert len({request.key for request in judge.asked}) == 8
    assert {score for *_, score in scores(found)} == {0.75}
    assert sorted(row["repeat"] for row in found.judgements) == [0, 0, 0, 0, 1, 1, 2, 2]


def test_the_questions_of_a_plan_can_be_had_beforehand() -> None:
    config = rating_config("both", validate_on=1, repeat_on=1)
    table = check(frame([query("a", PARIS), query("b", PARIS), query("c")], QUERIES), QUERIES, "queries")
    tasks = plan(table, {role: responses(a="x", b="y", c="z") for role in ("weak", "strong")}, config)
    asked: list[Question] = questions(tasks, config, SINGLE)
    assert len(asked) == 2 + 2 + 2
    assert len({question.id for question in asked if question.repeat}) == 1
