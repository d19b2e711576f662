import numpy as np
import pytest

from pointsman.evaluation.outcomes import Outcomes
from pointsman.robustness.changes import CHANGES
from pointsman.robustness.measure import measure_robustness

TEXTS = [f"query number {number}" for number in range(200)]
NEED = np.linspace(0, 1, 200)
OUTCOMES = Outcomes((NEED < 0.5).astype(float), np.ones(200), np.ones(200), np.full(200, 4.0))


def measure(score, changes=CHANGES):
    settings = {"resamples": 200, "confidence": 0.95, "seed": 1}
    return measure_robustness(score, TEXTS, OUTCOMES, 0.5, changes, **settings)


def by_number(texts):
    """Reads the number wherever it stands, whatever else the text says."""
    return np.array([int("".join(filter(str.isdigit, text))) / 199 for text in texts])


def test_a_router_that_reads_meaning_changes_no_route():
    found = measure(by_number)
    assert all(
        entry["flipped"] == 0.0 and entry["apgr"] == found["unchanged"]["apgr"] for entry in found["changes"].values()
    )
    assert found["unchanged"]["apgr"] > 0.7


def test_a_router_that_reads_length_is_moved_by_longer_wordings():
    found = measure(lambda texts: np.clip(by_number(texts) + (np.array([len(t) for t in texts]) - 16) / 100, 0, 1))
    entry = found["changes"]["polite wording"]
    assert entry["flipped"] > 0.4
    assert entry["flipped_ci"][0] < entry["flipped"] < entry["flipped_ci"][1]
    assert entry["strong_share"] > found["unchanged"]["strong_share"]
    assert found["changes"]["lower case"]["flipped"] == 0.0


def test_a_misled_router_loses_apgr():
    found = measure(
        lambda texts: np.where(["HARD" in t for t in texts], 1 - by_number(texts), by_number(texts)),
        {"claims": lambda text: f"{text} HARD"},
    )
    assert found["changes"]["claims"]["apgr"] == pytest.approx(1 - found["unchanged"]["apgr"], abs=0.02)


def test_where_strong_is_no_better_apgr_is_undefined():
    even = Outcomes(np.ones(200), np.ones(200), np.ones(200), np.ones(200))
    found = measure_robustness(by_number, TEXTS, even, 0.5, CHANGES, resamples=50, confidence=0.95, seed=1)
    assert {entry["apgr"] for entry in found["changes"].values()} == {None}
