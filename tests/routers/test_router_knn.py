import numpy as np
import pandas as pd
import pytest
from factories import fit_context
from sklearn.metrics import roc_auc_score

from pointsman.routers import baselines, registry
from pointsman.routers.files import RouterError
from pointsman.routers.fitting import FitData
from pointsman.routers.knn import router as knn


def clouds(count, seed):
    """Unit vectors in two clouds; gain is 1 in the first and 0, or -1 in one row of four, in the second."""
    generator = np.random.default_rng(seed)
    first = np.arange(count) % 2 == 0
    vectors = generator.normal(size=(count, 8)) + np.where(first[:, None], 1.5, -1.5)
    gain = np.where(first, 1.0, np.where(np.arange(count) % 8 == 1, -1.0, 0.0))
    table = pd.DataFrame({"text": [f"q{index}" for index in range(count)], "gain": gain})
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return table, unit.astype(np.float32)


@pytest.fixture
def data():
    (train, train_vectors), (validation, validation_vectors) = clouds(120, 0), clouds(60, 1)
    return FitData(train, validation, train_vectors, validation_vectors)


def test_neighbours_tell_the_two_clouds_apart(data):
    table, vectors = clouds(80, 2)
    scored = knn.fit(data, fit_context()).scores(list(table["text"]), vectors)
    assert roc_auc_score(table["gain"] > 0, scored.score) > 0.95
    assert ((scored.score >= 0) & (scored.score <= 1)).all()


def test_shuffled_labels_teach_nothing(data):
    table, vectors = clouds(400, 2)
    aurocs = [
        roc_auc_score(
            table["gain"] > 0,
            baselines.fit("shuffled", data, fit_context(seed=seed)).scores(list(table["text"]), vectors).score,
        )
        for seed in range(10)
    ]
    assert np.mean(aurocs) == pytest.approx(0.5, abs=0.25)
    assert max(aurocs) < 0.95


def test_the_vote_is_the_mean_of_the_nearest_weighted_by_similarity():
    router = knn.KnnRouter(
        embeddings=np.eye(3, dtype=np.float16),
        values=np.array([1.0, 0.0, 1.0], np.float32),
        neighbours=2,
        votes="share",
        calibration=knn.calibration.NONE,
    )
    query = np.array([[0.6, 0.8, 0.0]], np.float32)
    assert router.vote(query) == pytest.approx([0.6 / 1.4], abs=1e-3)


def test_fewer_train_queries_than_neighbours_all_vote(data):
    few = FitData(data.train[:3], data.validation, data.train_embeddings[:3], data.validation_embeddings)
    assert knn.fit(few, fit_context()).neighbours == 3


def test_gains_vote_where_they_order_validation_better(data):
    router = knn.fit(data, fit_context())
    other = "gain" if router.votes == "share" else "share"
    rejected = knn._fit_votes(data, fit_context(), other, "knn")
    gain = data.validation["gain"].to_numpy()

    def quality(votes):
        return knn.calibration.rank_covariance(votes.vote(data.validation_embeddings), gain)

    assert quality(router) >= quality(rejected)


def test_a_saved_router_scores_alike_and_equal_fits_write_equal_bytes(data, tmp_path):
    router = knn.fit(data, fit_context())
    for name in ("one", "two"):
        knn.fit(data, fit_context()).save(tmp_path / name)
    loaded = registry.load(tmp_path / "one")
    texts = list(data.validation["text"])
    assert (
        loaded.scores(texts, data.validation_embeddings).score.tolist()
        == router.scores(texts, data.validation_embeddings).score.tolist()
    )
    for file in ("router.json", "arrays.safetensors"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_neither_embeddings_nor_encoder_is_an_error(data):
    with pytest.raises(RouterError, match="knn router was loaded without an encoder"):
        knn.fit(data, fit_context()).scores(["a query"])


def test_embeddings_of_other_texts_are_refused(data):
    with pytest.raises(RouterError, match="got 60 embeddings for 1 texts"):
        knn.fit(data, fit_context()).scores(["a query"], data.validation_embeddings)


def test_rows_without_embeddings_are_refused(data):
    with pytest.raises(ValueError, match="train has 120 rows and 3 embeddings"):
        FitData(data.train, data.validation, data.train_embeddings[:3], data.validation_embeddings)


def test_the_shuffled_control_is_knn_by_another_name(data):
    control, router = (baselines.fit(name, data, fit_context()) for name in ("shuffled", "knn"))
    assert (control.name, router.name) == ("shuffled", "knn")
    assert np.array_equal(control.embeddings, router.embeddings)
    assert not np.array_equal(control.values, router.values)
