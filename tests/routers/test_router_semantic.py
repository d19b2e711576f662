import numpy as np
import pandas as pd
import pytest
from factories import fit_context, routers_config

from pointsman.routers import registry
from pointsman.routers.files import RouterError
from pointsman.routers.fitting import FitData
from pointsman.routers.semantic.router import from_routes

CODE, FACT = [1.0, 0.0], [0.0, 1.0]


def embed(texts):
    """Texts about code point one way, all others the other."""
    words = ("code", "function", "loop")
    return np.array([CODE if any(word in text for word in words) else FACT for text in texts], np.float32)


@pytest.fixture
def unlabelled():
    return from_routes(routers_config().semantic, embed)


def labelled(code_gains, fact_gains):
    gain = [*code_gains, *fact_gains]
    texts = ["a code query"] * len(code_gains) + ["a fact"] * len(fact_gains)
    table = pd.DataFrame({"text": texts, "gain": gain})
    return FitData(table, table, embed(texts), embed(texts))


def test_without_labels_the_score_is_the_prior_of_the_best_route(unlabelled):
    scored = unlabelled.scores(["a loop", "the river"])
    assert scored.score == pytest.approx([0.7, 0.2], abs=0.001)
    assert scored.raw.tolist() == scored.score.tolist()
    assert unlabelled.routes(["a loop", "the river"]) == ["coding", "factual"]


def test_a_query_between_routes_mixes_their_shares(unlabelled):
    middle = np.array([[0.5**0.5, 0.5**0.5]], np.float32)
    assert unlabelled.scores(["between"], middle).score == pytest.approx([(0.7 + 0.2) / 2])


def test_labels_move_a_route_towards_its_share_of_gain_smoothed_by_the_prior():
    router = registry.fit("semantic", labelled([1.0, 0.0, 0.0, 0.0, 0.0], [0.5] * 15), fit_context(embed=embed))
    coding = (1 + 5 * 0.7) / (5 + 5)
    factual = (15 + 5 * 0.2) / (15 + 5)
    assert router.shares == pytest.approx([coding, factual])
    assert router.counts.tolist() == [5, 15]
    assert router.scores(["code", "fact"]).score == pytest.approx([coding, factual], abs=0.001)


def test_a_negative_gain_counts_as_none():
    router = registry.fit("semantic", labelled([-1.0] * 5, [0.0] * 5), fit_context(embed=embed))
    assert router.shares == pytest.approx([5 * 0.7 / 10, 5 * 0.2 / 10])


def test_a_route_without_train_queries_keeps_its_prior():
    router = registry.fit("semantic", labelled([], [1.0] * 5), fit_context(embed=embed))
    assert router.shares[0] == pytest.approx(0.7)


def test_the_nearest_examples_vote_and_the_others_do_not():
    def spread(texts):
        return np.array([CODE if text == "write a python function" else FACT for text in texts], np.float32)

    one = from_routes(routers_config().semantic.model_copy(update={"neighbours": 1}), spread)
    three = from_routes(routers_config().semantic.model_copy(update={"neighbours": 3}), spread)
    query = np.array([CODE], np.float32)
    assert one.weights(query)[0, 0] > three.weights(query)[0, 0]


def test_weights_are_shares(unlabelled):
    vectors = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    assert unlabelled.weights(vectors).sum(axis=1) == pytest.approx(np.ones(20))


def test_a_saved_router_scores_alike(tmp_path):
    router = registry.fit("semantic", labelled([1.0, 0.0], [0.0, 0.0]), fit_context(embed=embed))
    router.save(tmp_path)
    loaded = registry.load(tmp_path, fit_context(embed=embed))
    assert loaded.scores(["code", "fact"]).score.tolist() == router.scores(["code", "fact"]).score.tolist()
    assert loaded.routes(["code"]) == ["coding"]


def test_fitting_needs_an_encoder():
    with pytest.raises(RouterError, match="Pass FitContext.embed"):
        registry.fit("semantic", labelled([1.0], [0.0]), fit_context())
