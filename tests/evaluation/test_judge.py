import numpy as np
import pandas as pd
import pytest

from pointsman.evaluation.judge import judge, take_split
from pointsman.evaluation.outcomes import EvaluationError
from pointsman.tables.schemas import DATASET, check

SETTINGS = {"quality": 0.95, "resamples": 200, "confidence": 0.95, "seed": 7}


def dataset(n=400, splits=("validation", "test", "test_unseen")):
    """Half of the queries need the strong model; which ones, their `id` parity says."""
    rng = np.random.default_rng(0)
    needs = np.arange(n) % 2 == 0
    weak = np.where(needs, 0.0, (rng.random(n) < 0.8).astype(float))
    strong = np.where(needs, 1.0, weak)
    return check(
        pd.DataFrame(
            {
                "id": [f"q{i}" for i in range(n)],
                "text": "t",
                "category": "c",
                "family": "f",
                "difficulty": pd.Series([None] * n, dtype="str"),
                "split": [splits[i // 2 % len(splits)] for i in range(n)],
                "weak_score": weak,
                "strong_score": strong,
                "gain": strong - weak,
                "weak_cost": 1.0,
                "strong_cost": 4.0,
            }
        ),
        DATASET,
        "dataset",
    )


def table(data, score):
    return pd.DataFrame({"id": data["id"], "split": data["split"], "score": score, "raw": score, "router_cost": 0.0})


def routers(data):
    rng = np.random.default_rng(1)
    knows = (np.arange(len(data)) % 2 == 0) * 0.8 + 0.1
    return {
        "bert": table(data, knows),
        "knn": table(data, rng.random(len(data))),
        "length": table(data, rng.random(len(data))),
        "oracle": table(data, (data["gain"] + 1) / 2),
    }


def test_the_router_that_knows_wins_and_is_judged_on_test():
    data = dataset()
    winner, metrics = judge(data, routers(data), {"bert", "knn"}, **SETTINGS)
    assert winner["router"] == metrics["winner"]["router"] == "bert"
    assert winner["beats_length"] and winner["beats_knn"] and not winner["fallback"]
    assert metrics["winner"]["strong_share"] == pytest.approx(0.5, abs=0.03)
    assert metrics["winner"]["quality_kept"] == pytest.approx(1.0)
    assert metrics["winner"]["vs"]["length"]["ci"][0] > 0
    assert set(metrics) == {"test", "test_unseen", "winner"}
    assert metrics["test"]["n"] == (data["split"] == "test").sum()
    assert metrics["test"]["routers"]["oracle"]["brier"] is None
    assert metrics["test"]["routers"]["bert"]["brier"] is not None


def test_the_test_split_does_not_choose():
    data = dataset()
    scores = routers(data)
    before, _ = judge(data, scores, {"bert", "knn"}, **SETTINGS)
    in_test = data["split"] != "validation"
    changed = {name: t.assign(score=t["score"].where(~in_test, 0.5)) for name, t in scores.items()}
    after, _ = judge(data, changed, {"bert", "knn"}, **SETTINGS)
    assert (before["router"], before["threshold"]) == (after["router"], after["threshold"])
    assert before["candidates"] == after["candidates"]


def test_a_missing_unseen_split_is_empty_and_a_missing_test_split_an_error():
    data = dataset(splits=("validation", "test"))
    _, metrics = judge(data, routers(data), {"bert"}, **SETTINGS)
    assert metrics["test_unseen"] == {"n": 0, "weak_score": None, "strong_score": None, "routers": {}}
    data = dataset(splits=("validation", "train"))
    with pytest.raises(EvaluationError, match="no query is in the split 'test'"):
        judge(data, routers(data), {"bert"}, **SETTINGS)


def test_a_query_without_a_score_is_named():
    data = dataset()
    scores = {"bert": table(data, 0.5).iloc[1:]}
    with pytest.raises(EvaluationError, match="router 'bert' has no score for query 'q0'"):
        take_split(data, scores, "validation")


def test_scores_are_matched_by_id_not_by_place():
    data = dataset()
    shuffled = {name: t.sample(frac=1, random_state=3) for name, t in routers(data).items()}
    assert judge(data, shuffled, {"bert"}, **SETTINGS) == judge(data, routers(data), {"bert"}, **SETTINGS)
