"""Outcomes for the tests of evaluation: written out, or made up by hypothesis."""

import numpy as np
from hypothesis import strategies as st

from pointsman.evaluation.outcomes import Outcomes


def make_outcomes(weak, strong, weak_cost=1.0, strong_cost=10.0) -> Outcomes:
    n = len(weak)
    return Outcomes(
        np.array(weak, dtype=float),
        np.array(strong, dtype=float),
        np.broadcast_to(np.asarray(weak_cost, dtype=float), n).copy(),
        np.broadcast_to(np.asarray(strong_cost, dtype=float), n).copy(),
    )


@st.composite
def outcomes_and_scores(draw, distinct: bool = False, positive_gap: bool = True):
    """Outcomes with scores in quarters, and a router's scores in hundredths."""
    n = draw(st.integers(2, 30))
    quarters = st.lists(st.integers(0, 4).map(lambda k: k / 4), min_size=n, max_size=n)
    costs = st.lists(st.integers(0, 50).map(lambda k: k / 10), min_size=n, max_size=n)
    weak, strong = draw(quarters), draw(quarters)
    if positive_gap and sum(strong) <= sum(weak):
        weak[0], strong[0] = 0.0, 1.0
        if sum(strong) <= sum(weak):
            weak, strong = [1 - value for value in weak], [1 - value for value in strong]
            weak[0], strong[0] = 0.0, 1.0
        if sum(strong) <= sum(weak):
            strong = [1.0] * n
    score = draw(st.lists(st.integers(0, 100).map(lambda k: k / 100), min_size=n, max_size=n, unique=distinct))
    return make_outcomes(weak, strong, draw(costs), draw(costs)), np.array(score)
