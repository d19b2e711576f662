"""One fact as a question."""

from typing import NamedTuple

from pointsman.queries.base import Reference


class Fact(NamedTuple):
    """A question with one right answer, followed by how to answer it.

    `rank` counts from 1, the best known first; `closed` says that the answers are a small set, such as
    Yes and No, which a sample should hold in equal parts.
    """

    prompt: str
    reference: Reference
    rank: int
    closed: bool = False
