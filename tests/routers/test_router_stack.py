import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from factories import HIDDEN, MAX_TOKENS, fit_context, fit_data, planted_table
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.metrics import roc_auc_score
from transformers import AutoModel

from pointsman.routers import packaged, registry
from pointsman.routers.embedding import Embedder
from pointsman.routers.files import RouterError
from pointsman.routers.fitting import FitData
from pointsman.routers.stack import forest, neighbours
from pointsman.routers.stack import router as stack
from pointsman.routers.stack.head import MEMBERS
from pointsman.routers.stack.members import Known, fit_votes
from pointsman.routers.stack.surface import surface


@pytest.fixture(scope="module")
def context(base):
    return fit_context(embed=Embedder(base, MAX_TOKENS, 16, layers=1))


@pytest.fixture(scope="module")
def data():
    return fit_data(planted_table(200))


@pytest.fixture(scope="module")
def router(data, context):
    return stack.fit(data, context)


def members(router, texts):
    return router.head.members.predict(surface(texts), router.embed(texts))


@pytest.mark.parametrize("member", MEMBERS)
def test_each_member_learns_which_queries_gain(router, member):
    table = planted_table(200, seed=1)
    found = members(router, list(table["text"]))[:, MEMBERS.index(member)]
    assert roc_auc_score(table["gain"], found) > 0.8


def test_the_stack_is_as_good_as_its_members(router):
    table = planted_table(200, seed=1)
    assert roc_auc_score(table["gain"], router.scores(list(table["text"])).score) > 0.9


def test_members_learn_from_the_surface_where_all_states_are_alike(data, context):
    rng = np.random.default_rng(0)

    def longer_where_hard(table):
        return table.assign(
            text=[text + " more" * int(rng.integers(9, 12) if gain else rng.integers(0, 3)) for text, gain in
                  zip(table["text"], table["gain"], strict=True)]
        )  # fmt: skip

    train, validation = longer_where_hard(data.train), longer_where_hard(data.validation)
    alike = replace(context, embed=lambda texts: np.ones((len(texts), HIDDEN), np.float32))
    fitted = stack.fit(replace(data, train=train, validation=validation), alike)
    found = members(fitted, list(validation["text"]))
    linear, forest, nearest = found.T
    assert roc_auc_score(validation["gain"], linear) > 0.99
    assert roc_auc_score(validation["gain"], forest) > 0.99
    assert np.ptp(nearest) == 0


def test_the_raw_score_is_what_the_members_predict_by_their_votes(router, data):
    texts = list(data.validation["text"])
    linear, forest, nearest = members(router, texts).T
    a, b, c = router.head.votes
    assert router.scores(texts).raw == pytest.approx(a * linear + b * forest + c * nearest)


def known(rows=300, seed=6, gain=lambda looks, states: looks[:, 0]):
    """Queries whose gain is what `gain` makes of surface and state, with noise as large as that."""
    rng = np.random.default_rng(seed)
    looks, states = rng.normal(size=(rows, 5)), rng.normal(size=(rows, 8))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    signal = gain(looks, states)
    noisy = np.clip(0.5 + 0.1 * signal + 0.1 * signal.std() * rng.normal(size=rows), 0, 1)
    return Known(looks, states.astype(np.float32), np.stack([np.full(rows, 0.2), noisy], axis=1))


def test_the_linear_member_has_the_vote_where_the_gain_is_linear_in_the_surface(context):
    linear, forest, nearest = fit_votes(known(rows=1500), context.router.stack, seed=7)
    assert linear > forest + nearest
    assert nearest < 0.25


def test_of_few_queries_the_members_vote_nearly_alike(context):
    votes = fit_votes(known(rows=40, gain=lambda looks, states: 0.01 * looks[:, 0]), context.router.stack, seed=7)
    assert votes.min() > 0.15


def test_votes_come_from_queries_that_a_member_did_not_see(context):
    """A forest tells its own train queries nearly by heart, however little it can tell of others."""
    noise = np.random.default_rng(8).normal(size=300)
    votes = fit_votes(known(gain=lambda looks, states: noise), context.router.stack, seed=7)
    assert votes.max() < 0.5


def test_members_that_predict_nothing_vote_alike(context):
    votes = fit_votes(known(gain=lambda looks, states: np.zeros(len(looks))), context.router.stack, seed=7)
    assert votes == pytest.approx([1 / 3, 1 / 3, 1 / 3])


def test_the_state_is_that_of_the_base_after_its_lowest_layers(router, base):
    """A batch of one text needs no mask, so that the base can be asked directly."""
    text = "what is the capital"
    ids = torch.tensor([router.embed.parts().tokenizer.encode(text).ids])
    states = AutoModel.from_pretrained(base).eval()(input_ids=ids, output_hidden_states=True).hidden_states[1]
    mean = states[0].mean(dim=0).detach().numpy()
    assert router.embed([text])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_without_its_encoder_it_cannot_score(router, data, tmp_path):
    with pytest.raises(RouterError, match="stack router was loaded without an encoder"):
        stack.fit(data, fit_context())
    router.save(tmp_path / "stack")
    with pytest.raises(RouterError, match="stack router was loaded without an encoder"):
        registry.load(tmp_path / "stack").scores(["a query"])


def test_it_reads_its_own_encoder_and_not_the_embeddings_that_others_share(router, data):
    texts = list(data.validation["text"])
    given = router.scores(texts, data.validation_embeddings)
    assert given.raw.tolist() == router.scores(texts).raw.tolist()


def test_scores_are_probabilities_of_about_the_share_that_gains(router, data):
    scored = router.scores(list(data.validation["text"]))
    assert ((scored.score >= 0) & (scored.score <= 1)).all()
    assert scored.score.mean() == pytest.approx((data.validation["gain"] > 0).mean(), abs=0.03)
    assert scored.cost.tolist() == [0.0] * len(data.validation)


def test_a_saved_stack_scores_alike_and_equal_fits_write_equal_bytes(router, data, context, tmp_path):
    for name in ("one", "two"):
        stack.fit(data, context).save(tmp_path / name)
    texts = list(data.validation["text"])
    loaded = registry.load(tmp_path / "one", context)
    assert loaded.scores(texts).score.tolist() == router.scores(texts).score.tolist()
    for file in ("router.json", "arrays.safetensors"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_another_seed_grows_other_trees(router, data, context):
    other = stack.fit(data, replace(context, seed=8))
    assert not np.array_equal(other.head.members.forest.threshold, router.head.members.forest.threshold)


@pytest.mark.parametrize("gain", [-0.3, 0.0, 1.0])
def test_outcomes_that_are_all_alike_give_every_query_nearly_the_same_score(data, context, gain):
    table = data.train.assign(weak_score=max(0.0, -gain), strong_score=max(0.0, gain), gain=gain)
    same = replace(data, train=table, validation=data.validation.assign(gain=gain))
    scores = stack.fit(same, context).scores(list(data.validation["text"])).score
    assert np.isfinite(scores).all()
    assert np.ptp(scores) < 0.1


def test_too_few_queries_are_refused(data, context):
    few = FitData(data.train[:9], data.validation, data.train_embeddings[:9], data.validation_embeddings)
    with pytest.raises(RouterError, match="train has 9 queries, expected 10 or more to fit the stack"):
        stack.fit(few, context)


def test_fewer_queries_than_principal_axes_are_enough(data, context):
    few = FitData(data.train[:10], data.validation, data.train_embeddings[:10], data.validation_embeddings)
    scores = stack.fit(few, context).scores(list(data.validation["text"])).score
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("count", [1, 7, 300])
def test_a_forest_predicts_what_scikit_learn_does(count):
    rng = np.random.default_rng(3)
    features, scores = rng.normal(size=(300, 5)), rng.random((300, 2))
    grown = forest.fit(features, scores, trees=15, depth=9, leaf=3, share=0.5, seed=4)
    theirs = ExtraTreesRegressor(15, max_depth=9, min_samples_leaf=3, max_features=0.5, random_state=4).fit(
        features, scores
    )
    asked = rng.normal(size=(count, 5))
    expected = theirs.predict(asked)
    assert grown.predict(asked) == pytest.approx(expected[:, 1] - expected[:, 0], abs=1e-6)


def test_a_packaged_stack_computes_what_the_trained_one_does(packaged_stack, trained_stack, context):
    texts = ["write a python function", "what is the capital", "x", "", "numbers " * 100, "Größe 数字 🙂", "$5.00?"]
    served, trained = packaged.load(packaged_stack), registry.load(trained_stack, context)
    assert served.embed(texts) == pytest.approx(trained.embed(texts), abs=1e-4)
    # A feature that lies on a tree's threshold may fall to either side: one tree of twenty.
    assert served.scores(texts).score == pytest.approx(trained.scores(texts).score, abs=0.02)


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


@pytest.mark.parametrize(("asked_for", "count"), [(1, 1), (3, 3), (50, 4)], ids=["one", "some", "a fifth at most"])
def test_neighbours_predict_the_mean_gain_of_the_nearest_directions(asked_for, count):
    rng = np.random.default_rng(5)
    axes, gains, asked = rng.normal(size=(20, 4)), rng.integers(-1, 2, 20).astype(float), rng.normal(size=(6, 4))
    found = neighbours.fit(axes, gains, asked_for).predict(asked)
    for query, mean in zip(asked, found, strict=True):
        cosines = axes @ query / np.linalg.norm(axes, axis=1)
        assert mean == pytest.approx(gains[np.argsort(-cosines)[:count]].mean())
