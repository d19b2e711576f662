from collections import Counter

import pytest

from pointsman.config.queries import Splits
from pointsman.queries.base import Query
from pointsman.queries.split import assign_splits
from pointsman.tables.io import TableError

SPLITS = Splits(train=0.6, validation=0.15, test=0.25)


def make(families, per_family=200, template=None):
    return [
        Query(prompt=f"{family} {i}", category="c", family=family, source="s", template=template and f"t{i % 10}")
        for family in families
        for i in range(per_family)
    ]


def test_one_family_in_five_goes_whole_to_test_unseen():
    queries = make("abcdefghij")
    splits = assign_splits(queries, SPLITS, 0.2, seed=1)
    by_family = {f: {s for q, s in zip(queries, splits, strict=True) if q.family == f} for f in "abcdefghij"}
    assert sorted(map(len, by_family.values())) == [1, 1, 3, 3, 3, 3, 3, 3, 3, 3]
    assert all("test_unseen" not in found or found == {"test_unseen"} for found in by_family.values())


def test_the_rest_falls_in_the_asked_shares():
    counts = Counter(assign_splits(make("a", 4000), SPLITS, 0.2, seed=1))
    assert counts["test_unseen"] == 0
    assert counts["train"] / 4000 == pytest.approx(0.6, abs=0.03)
    assert counts["test"] / 4000 == pytest.approx(0.25, abs=0.03)


def test_a_row_keeps_its_split_when_others_come_or_go():
    queries = make("a")
    alone = assign_splits(queries[::2], SPLITS, 0.2, seed=1)
    assert alone == assign_splits(queries, SPLITS, 0.2, seed=1)[::2]


def test_variants_of_a_template_fall_together():
    queries = make("a", template=True)
    splits = assign_splits(queries, SPLITS, 0.2, seed=1)
    groups = {q.template: set() for q in queries}
    for q, s in zip(queries, splits, strict=True):
        groups[q.template].add(s)
    assert all(len(found) == 1 for found in groups.values())
    assert len(set.union(*groups.values())) > 1


def test_given_splits_are_kept_and_must_be_complete():
    given = [
        Query(prompt="p", category="c", family="f", source="s", given_split=s) for s in ("test", "train", "validation")
    ]
    assert assign_splits(given, SPLITS, 0.2, seed=1) == ["test", "train", "validation"]
    half = [*given, Query(prompt="q", category="c", family="f", source="s")]
    with pytest.raises(TableError, match="empty for the query 'q' but not for others"):
        assign_splits(half, SPLITS, 0.2, seed=1)


def test_where_no_validation_is_given_a_fifth_of_train_becomes_it():
    given = [
        Query(prompt=f"{split} {i}", category="c", family="f", source="s", given_split=split)
        for split in ("train", "test")
        for i in range(2000)
    ]
    splits = assign_splits(given, SPLITS, 0.2, seed=1)
    assert splits[2000:] == ["test"] * 2000
    assert Counter(splits[:2000])["validation"] / 2000 == pytest.approx(0.2, abs=0.03)
    assert set(splits[:2000]) == {"train", "validation"}
