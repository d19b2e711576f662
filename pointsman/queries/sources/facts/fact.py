"""One fact as a question."""

from typing import NamedTuple

from pointsman.queries.base import Reference


class Fact(NamedTuple):
    """A question with one right answer.

    A question that ends in its question mark leaves open how to answer; others say it. `rank` counts from 1,
    the best known first; `closed` says that the answer is Yes or No, of which a sample should hold equal parts.
    """

    question: str
    reference: Reference
    rank: int
    closed: bool = False
