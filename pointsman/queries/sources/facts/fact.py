"""One fact as a question."""

from typing import NamedTuple

from pointsman.queries.base import Reference


class Fact(NamedTuple):
    """A question with one right answer.

    `rank` counts from 1, the best known first; `closed` says that the question asks for Yes or No, of which
    a sample should hold equal parts.
    """

    question: str
    reference: Reference
    rank: int
    closed: bool = False
