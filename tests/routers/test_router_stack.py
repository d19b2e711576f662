import subprocess
import sys

import numpy as np
import pytest
from factories import fit_context, fit_data, planted_table, tiny_packaged_router
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.metrics import roc_auc_score

from pointsman.routers import packaged, registry
from pointsman.routers.files import RouterError
from pointsman.routers.fitting import FitData
from pointsman.routers.stack import forest
from pointsman.routers.stack import router as stack


@pytest.fixture(scope="module")
def context(base):
    return fit_context(base, train={"epochs": 8, "learning_rate": 5e-3})


@pytest.fixture(scope="module")
def data(context):
    return fit_data(planted_table(200), context.embed)


@pytest.fixture(scope="module")
def router(data, context):
    return stack.fit(data, context)


def flat(data):
    """The same queries, all embedded alike: what the query looks like is all that is left to the frozen members."""
    return FitData(
        data.train, data.validation, np.ones_like(data.train_embeddings), np.ones_like(data.validation_embeddings)
    )


def members(router, texts, vectors=None):
    return router.head.members(texts, router.rows(texts, vectors))


@pytest.mark.parametrize("member", ["linear", "forest", "encoder"])
def test_each_member_learns_which_queries_gain(router, member):
    table = planted_table(200, seed=1)
    assert roc_auc_score(table["gain"], getattr(members(router, list(table["text"])), member)) > 0.8


def test_the_stack_is_as_good_as_its_members(router):
    table = planted_table(200, seed=1)
    assert roc_auc_score(table["gain"], router.scores(list(table["text"])).score) > 0.9


def test_frozen_members_learn_from_the_surface_alone(data, context):
    rng = np.random.default_rng(0)

    def longer_where_hard(table):
        return table.assign(
            text=[text + " more" * int(rng.integers(9, 12) if gain else rng.integers(0, 3)) for text, gain in
                  zip(table["text"], table["gain"], strict=True)]
        )  # fmt: skip

    train, validation = longer_where_hard(data.train), longer_where_hard(data.validation)
    alike = flat(FitData(train, validation, data.train_embeddings, data.validation_embeddings))
    fitted = stack.fit(alike, context)
    found = members(fitted, list(validation["text"]), alike.validation_embeddings)
    assert roc_auc_score(validation["gain"], found.linear) > 0.99
    assert roc_auc_score(validation["gain"], found.forest) > 0.99


def test_members_count_alike_on_queries_that_they_were_not_fitted_on(router, data):
    texts, vectors = list(data.validation["text"]), data.validation_embeddings
    linear, grown, encoder = (
        member / spread for member, spread in zip(members(router, texts, vectors), router.head.spreads, strict=True)
    )
    assert [np.std(linear), np.std(grown), np.std(encoder)] == pytest.approx([1.0, 1.0, 1.0])
    expected = (linear + grown + encoder) / 3 * np.mean(router.head.spreads)
    assert router.scores(texts, vectors).raw == pytest.approx(expected)


def test_scores_are_probabilities_of_about_the_share_that_gains(router, data):
    scored = router.scores(list(data.validation["text"]), data.validation_embeddings)
    assert ((scored.score >= 0) & (scored.score <= 1)).all()
    assert scored.score.mean() == pytest.approx((data.validation["gain"] > 0).mean(), abs=0.03)
    assert scored.cost.tolist() == [0.0] * len(data.validation)


def test_a_saved_stack_scores_alike_and_equal_fits_write_equal_bytes(router, data, context, tmp_path):
    for name in ("one", "two"):
        stack.fit(data, context).save(tmp_path / name)
    texts, vectors = list(data.validation["text"]), data.validation_embeddings
    loaded = registry.load(tmp_path / "one", context)
    assert loaded.scores(texts, vectors).score.tolist() == router.scores(texts, vectors).score.tolist()
    assert loaded.scores(texts).score == pytest.approx(router.scores(texts, vectors).score, abs=1e-3)
    for file in ("router.json", "arrays.safetensors", "model.safetensors", "history.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_another_seed_grows_other_trees(router, data, context):
    other = stack.fit(data, fit_context(context.base, seed=8))
    assert not np.array_equal(other.head.forest.threshold, router.head.forest.threshold)


@pytest.mark.parametrize("gain", [-0.3, 0.0, 1.0])
def test_outcomes_that_are_all_alike_give_every_query_nearly_the_same_score(data, context, gain):
    table = data.train.assign(weak_score=max(0.0, -gain), strong_score=max(0.0, gain), gain=gain)
    same = FitData(table, data.validation.assign(gain=gain), data.train_embeddings, data.validation_embeddings)
    scores = stack.fit(same, context).scores(list(data.validation["text"]), data.validation_embeddings).score
    assert np.isfinite(scores).all()
    assert np.ptp(scores) < 0.1


def test_too_few_queries_are_refused(data, context):
    few = FitData(data.train[:9], data.validation, data.train_embeddings[:9], data.validation_embeddings)
    with pytest.raises(RouterError, match="train has 9 queries, expected 10 or more to fine-tune an encoder"):
        stack.fit(few, context)


def test_fewer_queries_than_principal_axes_are_enough(data, context):
    few = FitData(data.train[:10], data.validation, data.train_embeddings[:10], data.validation_embeddings)
    scores = stack.fit(few, context).scores(list(data.validation["text"]), data.validation_embeddings).score
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("count", [1, 7, 300])
def test_a_forest_predicts_what_scikit_learn_does(count):
    rng = np.random.default_rng(3)
    features, scores = rng.normal(size=(300, 5)), rng.random((300, 2))
    grown = forest.fit(features, scores, trees=15, leaf=3, share=0.5, seed=4)
    theirs = ExtraTreesRegressor(15, min_samples_leaf=3, max_features=0.5, random_state=4).fit(features, scores)
    asked = rng.normal(size=(count, 5))
    expected = theirs.predict(asked)
    assert grown.predict(asked) == pytest.approx(expected[:, 1] - expected[:, 0], abs=1e-6)


def test_a_packaged_stack_computes_what_the_trained_one_does(packaged_stack, trained_stack, context):
    texts = ["write a python function", "what is the capital", "x", "", "numbers " * 100, "Größe 数字 🙂", "$5.00?"]
    served, trained = packaged.load(packaged_stack), registry.load(trained_stack, context)
    assert served.embed(texts) == pytest.approx(trained.rows(texts), abs=1e-4)
    # A feature that lies on a tree's threshold may fall to either side: one tree of twenty.
    assert served.scores(texts).score == pytest.approx(trained.scores(texts).score, abs=0.02)


def test_layers_that_both_encoders_share_are_computed_once(tmp_path):
    import onnx

    def products(name, frozen_layers):
        folder = tiny_packaged_router(tmp_path / name, "stack", frozen_layers=frozen_layers)
        return sum(node.op_type == "MatMul" for node in onnx.load(folder / "model.onnx").graph.node)

    assert products("shared", 1) < products("apart", 0)


def test_scoring_needs_neither_scikit_learn_nor_torch(packaged_stack):
    code = (
        "import sys; from pathlib import Path; from pointsman.routers import packaged; "
        f"packaged.load(Path({str(packaged_stack)!r})).scores(['a query']); "
        "found = {'sklearn', 'scipy', 'torch', 'pandas'} & set(sys.modules); sys.exit(f'imported {found}' if found else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture(scope="module")
def trained_stack(router, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack") / "trained"
    router.save(folder)
    return folder


@pytest.fixture(scope="module")
def packaged_stack(trained_stack, context, tmp_path_factory):
    from pointsman.routers.card import Card
    from pointsman.routers.package import package

    folder = tmp_path_factory.mktemp("stack") / "router"
    card = Card(weak="small", strong="large", counts={"train": 160}, metrics={"apgr": None})
    package(trained_stack, folder, threshold=0.5, texts=["a query"], card=card, embedder=context.embed)
    return folder
