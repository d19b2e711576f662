import json

import numpy as np
import pytest
from evaluation_cases import make_outcomes

from pointsman.evaluation.groups import queries_needed, tabulate_groups
from pointsman.evaluation.outcomes import EvaluationError


@pytest.fixture(scope="module")
def table():
    """A large family with a wide gap, a small one, and one where strong is worse."""
    generator = np.random.default_rng(0)
    names = ["large"] * 1500 + ["small"] * 12 + ["worse"] * 20
    score = generator.random(1532)
    weak = np.concatenate([generator.random(1500) < 0.2, np.arange(12) % 3 == 0, np.ones(20)])
    strong = np.concatenate([generator.random(1500) < 0.4 + 0.5 * score[:1500], np.arange(12) % 2 == 0, np.zeros(20)])
    outcomes = make_outcomes(weak, strong)
    rows = tabulate_groups(names, score, outcomes, 0.5, router_cost=np.full(1532, 0.5), resamples=300, seed=1)
    return {row["group"]: row for row in rows}, score


def test_each_group_has_its_counts_and_both_models(table):
    rows, score = table
    assert list(rows) == ["large", "small", "worse"]
    assert [row["n"] for row in rows.values()] == [1500, 12, 20]
    small = rows["small"]
    assert small["weak_score"] == pytest.approx(4 / 12)
    assert small["strong_score"] == pytest.approx(0.5)
    assert small["gap"] == pytest.approx(2 / 12)
    assert small["gap_ci"][0] < small["gap"] < small["gap_ci"][1]
    assert rows["large"]["strong_share"] == pytest.approx((score[:1500] > 0.5).mean())
    assert rows["large"]["cost_per_query"] == pytest.approx(1.5 + 9 * (score[:1500] > 0.5).mean())


def test_intervals_surround_their_values(table):
    large = table[0]["large"]
    assert large["apgr_ci"][0] < large["apgr"] < large["apgr_ci"][1]
    assert large["quality_kept_ci"][0] < large["quality_kept"] < large["quality_kept_ci"][1]


def test_a_group_that_is_too_small_for_a_conclusion_is_marked(table):
    rows = table[0]
    assert not rows["large"]["too_small"]
    assert rows["small"]["too_small"]


def test_a_group_with_a_wide_interval_is_marked_though_the_interval_is_defined():
    outcomes = make_outcomes([0] * 16, [0, 1] * 8)
    row = tabulate_groups(["few"] * 16, np.linspace(0.1, 0.9, 16), outcomes, 0.5, resamples=300)[0]
    low, high = row["apgr_ci"]
    assert high - low > 0.2
    assert row["too_small"]


def test_a_group_where_strong_is_worse_has_no_apgr(table):
    worse = table[0]["worse"]
    assert worse["apgr"] is worse["apgr_ci"] is worse["queries_needed"] is worse["quality_kept"] is None
    assert worse["gap"] == -1.0
    assert worse["too_small"]


def test_a_table_is_ready_for_json(table):
    rows = list(table[0].values())
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_queries_needed_follow_the_rule():
    assert queries_needed(0.2) == 2500
    assert queries_needed(0.1) == 10_000
    assert queries_needed(0.2, half_width=0.06) == 625
    assert queries_needed(0.0) is None
    assert queries_needed(-0.1) is None


def test_the_rule_is_near_the_bootstrap(table):
    large = table[0]["large"]
    half_width = (large["apgr_ci"][1] - large["apgr_ci"][0]) / 2
    assert queries_needed(large["gap"], half_width) == pytest.approx(1500, rel=0.6)


def test_one_group_equals_the_whole(four):
    row = tabulate_groups(["all"] * 4, [0.9, 0.6, 0.3, 0.1], four, 0.2, resamples=50)[0]
    assert row["apgr"] == pytest.approx(1.125)
    assert row["quality_kept"] == pytest.approx(1.0 / 0.75)


def test_names_of_another_number_are_refused(four):
    with pytest.raises(EvaluationError, match="groups has 3 names, expected 4"):
        tabulate_groups(["a", "b", "c"], [0.1, 0.2, 0.3, 0.4], four, 0.5)


def test_nan_is_named_by_its_row_in_the_whole_split(four):
    with pytest.raises(EvaluationError, match=r"score\[2\] is nan"):
        tabulate_groups(["a", "a", "b", "b"], [0.1, 0.2, np.nan, 0.4], four, 0.5)
