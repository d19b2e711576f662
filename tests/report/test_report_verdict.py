from dataclasses import replace

import pytest

from pointsman.report.verdict import judge_verdict

BETTER, UNSURE, WORSE, UNDEFINED = (
    {"apgr_diff": 0.05, "ci": [0.02, 0.08]},
    {"apgr_diff": 0.01, "ci": [-0.02, 0.04]},
    {"apgr_diff": -0.05, "ci": [-0.08, -0.02]},
    {"apgr_diff": None, "ci": None},
)


@pytest.fixture
def verdict_of(inputs):
    """The verdict with some measures of the winner, and of winner.json, replaced."""

    def verdict(length=BETTER, knn=UNSURE, winner=None, **measures):
        won = {"threshold": 0.4, "strong_share": 0.6, "strong_share_ci": [0.55, 0.65]}
        won |= {"quality_kept": 0.96, "quality_kept_ci": [0.94, 0.98], "cost_saved": 0.3, "cost_saved_ci": [0.25, 0.35]}
        won |= {"vs": {"length": length, "knn": knn}} | measures
        chosen = {"router": "bert", "threshold": 0.4, "fallback": False} | (winner or {})
        return judge_verdict(replace(inputs, winner=chosen, metrics={**inputs.metrics, "winner": won}))

    return verdict


def test_says_what_to_do_and_every_number_with_its_interval(verdict_of):
    verdict = verdict_of()
    assert verdict.good
    assert verdict.lines[0].startswith(
        "Use the bert router with the threshold 0.400: a query that it scores higher goes"
    )
    assert (
        "sends 40% to the weak model, keeps 96% of the strong model's quality and saves 30% of its cost"
        in verdict.lines[1]
    )
    assert [(fact.label, fact.value, fact.interval) for fact in verdict.facts] == [
        ("Router", "bert", ""),
        ("Sent to the weak model", "40%", "95% interval 35% to 45%"),
        ("Quality kept", "96%", "95% interval 94% to 98%"),
        ("Cost saved", "30%", "95% interval 25% to 35%"),
    ]


def test_few_queries_are_said_to_settle_nothing_before_all_else(inputs):
    few = {**inputs.metrics, "test": {**inputs.metrics["test"], "n": 35}}
    verdict = judge_verdict(replace(inputs, metrics=few))
    assert not verdict.good
    assert verdict.lines[0].startswith(
        "Too few queries to settle anything: 35 test queries, where hundreds are needed."
    )
    assert "Too few" not in judge_verdict(inputs).lines[0]


def test_says_that_it_beats_length_and_explains_apgr(verdict_of):
    text = " ".join(verdict_of().lines)
    assert (
        "better than a trivial rule, query length, does: difference in APGR +0.050, 95% interval +0.020 to +0.080"
        in text
    )
    assert "APGR measures how well" in text


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (
            UNSURE,
            "Not shown to beat a trivial rule: the bert router does not reliably pick better than query length alone",
        ),
        (WORSE, "Worse than a trivial rule: query length alone picks better than the bert router"),
        (UNDEFINED, "Not shown to beat a trivial rule: whether the bert router picks queries better"),
        (None, "Not shown to beat a trivial rule: whether the bert router picks queries better"),
        ({"apgr_diff": 0.02, "ci": None}, "Not shown to beat a trivial rule: the bert router does not reliably"),
        ({"apgr_diff": 0.02, "ci": [0.0, 0.04]}, "Not shown to beat a trivial rule: the bert router does not reliably"),
    ],
)
def test_first_line_warns_where_length_is_not_beaten(verdict_of, length, said):
    verdict = verdict_of(length=length)
    assert verdict.lines[0].startswith(said)
    assert not verdict.good
    assert verdict.lines[1].startswith("Use the bert router")


@pytest.mark.parametrize(
    ("knn", "said"),
    [(BETTER, "It is better than a look-up"), (UNSURE, "It is not told apart"), (WORSE, "It is worse than")],
)
def test_the_difference_to_knn_stands_beside(verdict_of, knn, said):
    assert any(line.startswith(said) for line in verdict_of(knn=knn).lines)


def test_knn_is_not_compared_with_itself(verdict_of):
    assert not any("(kNN)" in line for line in verdict_of(winner={"router": "knn"}).lines)


@pytest.mark.parametrize(
    ("kept", "ci", "said"),
    [
        (0.97, [0.96, 0.98], "is met with the whole interval"),
        (0.96, [0.94, 0.98], "is met, but the interval reaches below it"),
        (0.94, [0.92, 0.96], "is missed, though it lies in the interval"),
        (0.90, [0.88, 0.92], "is missed: the threshold was set on other queries, where it did keep it"),
    ],
)
def test_says_how_the_target_fared(verdict_of, kept, ci, said):
    assert any(said in line for line in verdict_of(quality_kept=kept, quality_kept_ci=ci).lines)


def test_a_router_that_costs_more_is_called_so(verdict_of):
    assert "costs 12% more than it" in verdict_of(cost_saved=-0.12, cost_saved_ci=[-0.2, -0.05]).lines[1]


def test_fallback_sends_everything_to_strong(verdict_of):
    verdict = verdict_of(winner={"threshold": -1.0, "fallback": True})
    assert verdict.lines[0].startswith(
        "Send every query to the strong model: on the validation queries no router keeps 95%"
    )
    assert verdict.facts[0].meaning == "unused: every query goes to strong"


def test_a_threshold_above_every_score_sends_everything_to_weak(verdict_of):
    assert verdict_of(winner={"threshold": 1.0}).lines[0].startswith("Send every query to the weak model")


def test_without_a_winner_it_says_why(inputs):
    verdict = judge_verdict(
        replace(inputs, winner={"router": None, "reason": "nothing was scored."}, metrics={"test": {"n": 1}})
    )
    assert verdict.lines[0] == "No router was chosen: nothing was scored."
    assert "1 test query follows" in verdict.lines[2]
    assert verdict.facts == ()
