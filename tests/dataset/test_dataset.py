import pytest

from pointsman.dataset.build import build
from pointsman.dataset.summary import summarise, text_table
from pointsman.tables.io import TableError
from pointsman.tables.schemas import QUERIES, RATINGS, RESPONSES, frame


def inputs(scores, costs=(1.0, 4.0), given=None):
    """Queries q0, q1, … with (weak, strong) scores; None: that role's answer failed."""
    ids = [f"q{i}" for i in range(len(scores))]
    queries = frame(
        [
            {"id": i, "prompt": f"prompt {i}", "category": "c", "family": "f", "source": "s", "split": "test"}
            | ({"metadata": {"given": given}} if given else {})
            for i in ids
        ],
        QUERIES,
    )
    responses = {
        role: frame(
            [{"id": i, "model": role, "response": "x", "cost": cost} for i in ids] if cost is not None else [],
            RESPONSES,
        )
        for role, cost in zip(("weak", "strong"), costs, strict=True)
    }
    ratings = [
        {"id": i, "role": role, "method": "reference"}
        | ({"error": "no answer"} if score is None else {"score": score, "rating": 1 + 4 * score})
        for i, pair in zip(ids, scores, strict=True)
        for role, score in zip(("weak", "strong"), pair, strict=True)
    ]
    return queries, responses, frame(ratings, RATINGS)


def test_gain_is_strong_minus_weak_and_costs_are_the_responses():
    built = build(*inputs([(0, 1), (0.5, 0.25)]), unit="usd")
    assert built.table["gain"].tolist() == [1.0, -0.25]
    assert built.table["strong_cost"].tolist() == [4.0, 4.0]
    assert built.cost_unit == "usd"
    assert built.table["text"].tolist() == ["prompt q0", "prompt q1"]


def test_a_row_without_both_scores_is_listed_not_dropped_silently():
    queries, responses, ratings = inputs([(0, 1), (None, 1), (None, None)])
    built = build(queries, responses, ratings, unit="usd")
    assert built.table["id"].tolist() == ["q0"]
    assert built.missing.groupby("role")["id"].apply(list).to_dict() == {"weak": ["q1", "q2"], "strong": ["q2"]}
    summary = summarise(built, queries)
    assert summary["missing"] == {"queries": 2, "by_role": {"strong": 1, "weak": 2}, "reasons": {"no answer": 3}}


def test_without_any_cost_the_unit_is_strong_calls():
    built = build(*inputs([(0, 1)], costs=(None, None)), unit="relative")
    assert (built.table["weak_cost"][0], built.table["strong_cost"][0], built.cost_unit) == (0.0, 1.0, "strong calls")


def test_given_costs_win_and_half_given_costs_are_refused():
    built = build(*inputs([(0, 1)], given={"weak_cost": 0.5, "strong_cost": 9.0}), unit="usd")
    assert (built.table["weak_cost"][0], built.table["strong_cost"][0]) == (0.5, 9.0)
    with pytest.raises(TableError, match="query 'q0' has no cost for a role"):
        build(*inputs([(0, 1)], costs=(1.0, None)), unit="usd")


def test_no_row_with_both_scores_is_an_error_with_the_reason():
    with pytest.raises(TableError, match="none of 1 queries.*no answer"):
        build(*inputs([(None, 1)]), unit="usd")


def test_the_summary_counts_who_is_right():
    queries, responses, ratings = inputs([(1, 1), (0, 1), (0, 1), (1, 0), (0, 0)])
    summary = summarise(build(queries, responses, ratings, unit="usd"), queries)
    overall = summary["overall"]
    shares = {key: overall[key] for key in ("both_right", "strong_only", "weak_only", "neither", "ties")}
    assert shares == {"both_right": 0.2, "strong_only": 0.4, "weak_only": 0.2, "neither": 0.2, "ties": 0.4}
    assert "| all | 5 | 0.40 | 0.60 | 0.20 | 20% | 40% | 20% | 20% |" in text_table(summary)
