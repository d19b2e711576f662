"""Assign every query to train, validation, test or, by whole families, test_unseen."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from pointsman.config.queries import Splits
from pointsman.queries.base import Query
from pointsman.tables.io import TableError

_FEWEST_FAMILIES = 5


def assign_splits(queries: Sequence[Query], splits: Splits, unseen_share: float, seed: int) -> list[str]:
    """The split of each query: as given, or by family and by a hash of its template or id.

    Where train and test are given but no validation, a part of train becomes validation: something must calibrate.

    In every category with five families or more, a share of them goes whole to test_unseen. Variants of
    one template fall together. The same query gets the same split whatever else is in the input, but for
    the choice of unseen families.

    Raises:
        TableError: some queries name a split and others do not.
    """
    given = [query.given_split for query in queries]
    if any(given):
        if None in given:
            empty = queries[given.index(None)]
            raise TableError(
                f"column 'split': empty for the query {empty.prompt[:60]!r} but not for others; fill all rows or none"
            )
        named = [split for split in given if split is not None]
        return named if "validation" in named else _part_train(queries, named, splits, seed)
    unseen = _unseen_families(queries, unseen_share, seed)
    return ["test_unseen" if (q.category, q.family) in unseen else _by_hash(q, splits, seed) for q in queries]


def _part_train(queries: Sequence[Query], named: Sequence[str], splits: Splits, seed: int) -> list[str]:
    share = splits.validation / (splits.train + splits.validation)
    return [
        "validation" if split == "train" and _unit_hash(seed, "validation", _group(query)) < share else split
        for query, split in zip(queries, named, strict=True)
    ]


def _unseen_families(queries: Sequence[Query], share: float, seed: int) -> set[tuple[str, str]]:
    families: dict[str, set[str]] = defaultdict(set)
    for query in queries:
        families[query.category].add(query.family)
    chosen = set()
    for category, names in families.items():
        if len(names) >= _FEWEST_FAMILIES:
            ordered = sorted(names, key=lambda name: _unit_hash(seed, "family", name))
            chosen |= {(category, name) for name in ordered[: round(len(names) * share)]}
    return chosen


def _by_hash(query: Query, splits: Splits, seed: int) -> str:
    place = _unit_hash(seed, "row", _group(query))
    if place < splits.train:
        return "train"
    return "validation" if place < splits.train + splits.validation else "test"


def _group(query: Query) -> str:
    """What falls together: the variants of one template, else the query alone."""
    return f"{query.family}/{query.template}" if query.template else query.id


def _unit_hash(seed: int, purpose: str, text: str) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    digest = hashlib.sha256(f"{seed}\0{purpose}\0{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
