"""Small outcomes that a reader can check by hand."""

import pytest
from evaluation_cases import make_outcomes

from pointsman.evaluation.outcomes import Outcomes


@pytest.fixture
def four() -> Outcomes:
    """Weak is right on two of four queries, strong on three; gains are 1, 0, 1, −1."""
    return make_outcomes([0, 1, 0, 1], [1, 1, 1, 0])


@pytest.fixture
def five_gains() -> Outcomes:
    """Strong is right on every query, weak on none: each strong call recovers a fifth."""
    return make_outcomes([0] * 5, [1] * 5)
