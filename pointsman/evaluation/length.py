"""How far a router only reads how long a query is."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pointsman.evaluation.apgr import apgr
from pointsman.evaluation.curves import trace_curve
from pointsman.evaluation.outcomes import EvaluationError, Floats, Outcomes, checked

QUARTILES = 4


class LengthReliance(NamedTuple):
    """Of one router: rank correlation with length, and APGR among queries of much the same length."""

    spearman: float | None  # null where score or length is constant
    apgr: list[float | None]  # by quartile of length, shortest first


def measure_length(score: ArrayLike, lengths: ArrayLike, outcomes: Outcomes) -> LengthReliance:
    """Spearman's correlation of score and length, and APGR within each quartile of length.

    Args:
        score: shape (n,).
        lengths: characters of the same n queries.
        outcomes: of the same n queries.

    Raises:
        EvaluationError: an array is not finite or of another length.
    """
    scores, characters = checked(score, "score", n=outcomes.n), checked(lengths, "lengths", n=outcomes.n)
    if outcomes.n < QUARTILES:
        raise EvaluationError(f"{outcomes.n} queries cannot be parted into quartiles, expected {QUARTILES} or more")
    quartile = np.argsort(np.argsort(characters, kind="stable"), kind="stable") * QUARTILES // outcomes.n
    parts = [quartile == number for number in range(QUARTILES)]
    return LengthReliance(
        _spearman(scores, characters),
        [apgr(trace_curve(scores[part], outcomes.take(part))) for part in parts],
    )


def _spearman(first: Floats, second: Floats) -> float | None:
    from scipy.stats import rankdata

    ranks = rankdata(first), rankdata(second)
    if any(np.ptp(one) == 0 for one in ranks):
        return None
    return float(np.corrcoef(*ranks)[0, 1])
