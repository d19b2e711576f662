"""Drop queries that repeat an earlier one."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from pointsman.queries.base import Query

_PERMUTATIONS = 128
_SHINGLE_WORDS = 3


class Kept(NamedTuple):
    """What is left, and how many queries went and why."""

    queries: list[Query]
    exact: int
    near: int


def deduplicate(queries: Sequence[Query], similarity: float | None) -> Kept:
    """Keep the first of each group of equal or, by Jaccard similarity of word 3-shingles, near-equal queries.

    Candidates come from MinHash LSH (Broder 1997); the similarity of each is then computed exactly.
    `similarity` is null for exact duplicates only: same text up to case and white space, same conversation.
    """
    distinct: dict[str, Query] = {}
    for query in queries:
        distinct.setdefault(_normal_text(query), query)
    exact = len(queries) - len(distinct)
    if similarity is None:
        return Kept(list(distinct.values()), exact, 0)
    kept = _without_near_duplicates(distinct, similarity)
    return Kept(kept, exact, len(distinct) - len(kept))


def _normal_text(query: Query) -> str:
    history = "" if query.messages is None else repr(query.messages)
    return " ".join((history + query.prompt).lower().split())


def _without_near_duplicates(distinct: dict[str, Query], similarity: float) -> list[Query]:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=max(similarity - 0.1, 0.05), num_perm=_PERMUTATIONS)
    shingles: dict[str, frozenset[str]] = {}
    kept = []
    for text, query in distinct.items():
        mine = _shingles(text)
        sketch = MinHash(num_perm=_PERMUTATIONS, seed=1)
        sketch.update_batch([shingle.encode() for shingle in sorted(mine)])
        if any(_jaccard(mine, shingles[other]) >= similarity for other in index.query(sketch)):
            continue
        index.insert(text, sketch)
        shingles[text] = mine
        kept.append(query)
    return kept


def _shingles(text: str) -> frozenset[str]:
    words = re.findall(r"\w+|[^\w\s]", text)
    return frozenset(
        " ".join(words[start : start + _SHINGLE_WORDS]) for start in range(max(1, len(words) - _SHINGLE_WORDS + 1))
    )


def _jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / len(left | right)
