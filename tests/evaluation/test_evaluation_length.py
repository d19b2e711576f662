import numpy as np
import pytest
from evaluation_cases import make_outcomes

from pointsman.evaluation.length import measure_length
from pointsman.evaluation.outcomes import EvaluationError

LENGTHS = np.arange(80) * 10
NEEDS = np.arange(80) % 2


def outcomes():
    return make_outcomes(1 - NEEDS, np.ones(80))


def test_length_itself_is_fully_correlated_and_knows_nothing_among_equals():
    found = measure_length(LENGTHS / 1000, np.zeros(80) + 5, outcomes())
    assert found.spearman is None
    found = measure_length(LENGTHS / 1000, LENGTHS, outcomes())
    assert found.spearman == pytest.approx(1.0)
    assert found.apgr == pytest.approx([0.5] * 4, abs=0.06)


def test_a_router_that_reads_more_than_length_picks_well_in_every_quarter():
    found = measure_length(NEEDS * 0.9, LENGTHS, outcomes())
    assert abs(found.spearman) < 0.1
    assert found.apgr == pytest.approx([0.75] * 4)


def test_quarters_go_from_short_to_long():
    score = np.where(np.arange(80) < 20, NEEDS, 0.5)
    assert measure_length(score, LENGTHS, outcomes()).apgr == pytest.approx([0.75, 0.5, 0.5, 0.5])


def test_where_strong_is_no_better_in_a_quarter_its_apgr_is_undefined():
    weak = np.where(np.arange(80) < 20, 1, 1 - NEEDS)
    assert measure_length(NEEDS * 1.0, LENGTHS, make_outcomes(weak, np.ones(80))).apgr[0] is None


def test_three_queries_have_no_quarters():
    with pytest.raises(EvaluationError, match="3 queries cannot be parted"):
        measure_length([0.1, 0.2, 0.3], [1, 2, 3], make_outcomes([0, 0, 0], [1, 1, 1]))
