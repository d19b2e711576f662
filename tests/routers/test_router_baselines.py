import numpy as np
import pytest
from factories import fit_context, fit_data, planted_table

from pointsman.routers import baselines
from pointsman.routers.files import RouterError

TEXTS = ["short", "a somewhat longer query", "a much longer query that goes on and on"]


@pytest.fixture
def plain():
    return fit_data(planted_table(60)), fit_context()


def test_always_weak_and_always_strong_route_everything_one_way(plain):
    scored = {name: baselines.fit(name, *plain).scores(TEXTS).score for name in ("always_weak", "always_strong")}
    assert scored["always_weak"].tolist() == [0, 0, 0]
    assert scored["always_strong"].tolist() == [1, 1, 1]


def test_random_gives_a_text_the_same_score_in_any_batch(plain):
    router = baselines.fit("random", *plain)
    together = router.scores(TEXTS).score
    assert together.tolist() == [router.scores([text]).score[0] for text in TEXTS]
    assert len(set(together)) == 3


def test_random_scores_are_uniform_and_change_with_the_seed():
    texts = [f"query {index}" for index in range(2000)]
    first, second = (
        baselines.fit("random", fit_data(planted_table(60)), fit_context(seed=seed)).scores(texts).score
        for seed in (1, 2)
    )
    assert np.histogram(first, bins=4, range=(0, 1))[0].min() > 430
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_length_scores_longer_texts_higher_and_counts_characters(plain):
    scored = baselines.fit("length", *plain).scores(TEXTS)
    assert (np.diff(scored.score) > 0).all()
    assert scored.raw.tolist() == pytest.approx([np.log1p(len(text)) for text in TEXTS])


def test_length_turns_round_where_in_train_shorter_queries_need_the_strong_model():
    table = planted_table(60)
    short = table["text"].str.len() < table["text"].str.len().median()
    weak = (~short).astype(float)
    turned = fit_data(table.assign(weak_score=weak, strong_score=1.0, gain=1.0 - weak))
    scored = baselines.fit("length", turned, fit_context()).scores(TEXTS)
    assert (np.diff(scored.score) < 0).all()
    assert scored.raw.tolist() == pytest.approx([-np.log1p(len(text)) for text in TEXTS])


def test_length_is_calibrated_on_validation(plain):
    data, context = plain
    scored = baselines.fit("length", data, context).scores(list(data.validation["text"])).score
    assert scored.mean() == pytest.approx((data.validation["gain"] > 0).mean(), abs=0.05)


def test_oracle_orders_by_gain_and_is_above_one_half_where_strong_is_better():
    scored = baselines.oracle([-1.0, 0.0, 0.25, 1.0])
    assert scored.score.tolist() == [0.0, 0.5, 0.625, 1.0]
    assert scored.cost.tolist() == [0, 0, 0, 0]


def test_shuffled_labels_are_the_same_labels_in_rows_that_stay_consistent():
    data = fit_data(planted_table(60))
    shuffled = baselines.shuffle_labels(data, seed=3)
    for before, after in ((data.train, shuffled.train), (data.validation, shuffled.validation)):
        assert sorted(before["gain"]) == sorted(after["gain"])
        assert (after["gain"] == after["strong_score"] - after["weak_score"]).all()
        assert (after["text"] == before["text"]).all()
    assert (shuffled.train["gain"] != data.train["gain"]).any()


def test_an_unknown_baseline_is_refused(plain):
    with pytest.raises(RouterError, match="baseline is 'longest', expected one of random, length"):
        baselines.fit("longest", *plain)
