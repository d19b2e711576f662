"""Many fits of kNN on made-up embeddings, which need no encoder."""

import numpy as np
import pandas as pd
import pytest
from factories import fit_context

from pointsman.evaluation.intervals import resample_weights
from pointsman.evaluation.judge import read_outcomes
from pointsman.routers.fitting import FitData
from pointsman.studies.fits import Fit, HeldOut, planned, score
from pointsman.studies.summary import summarise


@pytest.fixture
def world():
    """Six hundred queries of eight topics; the strong model is needed for half of them."""
    topic = np.arange(600) % 8
    weak = (topic < 4).astype(float)
    rows = pd.DataFrame({"id": np.arange(600).astype(str), "weak_score": weak, "strong_score": 1.0})
    rows = rows.assign(text="query " + rows["id"], gain=1.0 - weak, weak_cost=1.0, strong_cost=4.0)
    noise = np.random.default_rng(0).normal(0, 0.15, (600, 8))
    vectors = np.eye(8)[topic] + noise
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    parts = [slice(0, 320), slice(320, 400), slice(400, 600)]
    train, validation, test = (rows[part].reset_index(drop=True) for part in parts)
    return FitData(train, validation, vectors[parts[0]], vectors[parts[1]]), HeldOut(test, vectors[parts[2]])


def test_what_is_planned():
    fits = planned(["bert", "knn"], seeds=2, labels=[50, 100, 5000], first_seed=7, n_train=300)
    names = [fit.name for fit in fits if fit.router == "bert"]
    assert names == [
        "bert-seed7-labelsNone",
        "bert-seed8-labelsNone",
        "bert-seedNone-labels50",
        "bert-seedNone-labels100",
        "bert-seedNone-labels300",
        "bert-seedNone-labelsNone-shuffled",
    ]
    assert planned(["bert"], seeds=0, labels=[], first_seed=7, n_train=300) == []


def test_labels_teach_and_shuffled_ones_do_not(world, tmp_path):
    data, tested = world
    fits = planned(["knn"], seeds=2, labels=[40], first_seed=7, n_train=len(data.train))
    scores = {fit: score(fit, data, tested, lambda _: fit_context(), tmp_path) for fit in fits}
    outcomes = read_outcomes(tested.rows)
    found = summarise(scores, outcomes, resample_weights(outcomes.n, 200, 1), 0.95)["knn"]
    assert found["seeds"]["sd"] == 0.0, "kNN has no seed"
    few, every = found["labels"]
    assert (few["labels"], every["labels"]) == (40, 320)
    assert 0.5 < few["apgr"] <= every["apgr"]
    assert every["apgr"] == found["seeds"]["mean"] > 0.7
    assert found["shuffled"]["apgr"] < every["apgr"] - 0.1  # eight topics: chance alone strays from 0.5


def test_a_fit_that_is_kept_is_not_made_again(world, tmp_path):
    data, tested = world
    fit = Fit("knn", labels=40)
    first = score(fit, data, tested, lambda _: fit_context(), tmp_path)
    again = score(fit, data, tested, lambda name: pytest.fail("fitted again"), tmp_path)
    assert (first == again).all()
