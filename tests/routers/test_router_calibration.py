import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.routers import calibration
from pointsman.routers.calibration import Calibration, rank_covariance

RAW = np.linspace(-2, 2, 400)


def test_platt_recovers_the_probabilities_that_made_the_events():
    truth = calibration.sigmoid(1.5 * RAW - 0.7)
    event = np.random.default_rng(0).random(400) < truth
    assert np.abs(calibration.fit("platt", RAW, event).apply(RAW) - truth).max() < 0.1


def test_mean_probability_is_the_share_of_events():
    event = np.random.default_rng(1).random(400) < 0.2
    assert calibration.fit("platt", RAW, event).apply(RAW).mean() == pytest.approx(event.mean(), abs=0.01)


def test_temperature_leaves_even_odds_at_raw_zero():
    fitted = calibration.fit("temperature", 10 * RAW, np.random.default_rng(2).random(400) < calibration.sigmoid(RAW))
    assert fitted.apply([0.0]) == pytest.approx([0.5])
    assert fitted.slope == pytest.approx(0.1, rel=0.3)


def test_separable_events_keep_a_finite_slope():
    fitted = calibration.fit("platt", RAW, RAW > 0)
    assert 0 < fitted.slope < 1e3
    assert 0 < fitted.apply([-2.0])[0] < fitted.apply([2.0])[0] < 1


@pytest.mark.parametrize("event", [np.zeros(400), np.ones(400)])
def test_one_class_alone_gives_a_probability_near_it(event):
    assert calibration.fit("platt", RAW, event).apply(RAW).mean() == pytest.approx(event.mean(), abs=0.02)


def test_raw_scores_that_run_against_the_events_keep_their_order():
    applied = calibration.fit("platt", RAW, RAW < 0).apply(RAW)
    assert (np.diff(applied) > 0).all()
    assert applied.mean() == pytest.approx(0.5, abs=0.01)


def test_equal_raw_scores_all_get_the_share_of_events():
    assert calibration.fit("platt", np.ones(8), np.array([1, 0] * 4)).apply([1.0]) == pytest.approx([0.5])


def test_no_method_takes_raw_scores_as_probabilities():
    assert calibration.NONE.apply([-0.5, 0.25, 1.5]).tolist() == [0.0, 0.25, 1.0]


def test_no_rows_leave_raw_scores_as_they_are():
    assert calibration.fit("platt", [], []) == calibration.NONE


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match="two equal lengths"):
        calibration.fit("platt", [1.0], [1.0, 0.0])


def test_json_keeps_every_digit():
    fitted = Calibration("platt", 1 / 3, -2 / 3)
    assert Calibration.from_json(fitted.to_json()) == fitted


@given(st.floats(-1e9, 1e9))
def test_sigmoid_never_leaves_its_range(x):
    assert 0.0 <= calibration.sigmoid(x) <= 1.0


@given(st.floats(0.001, 0.999))
def test_logit_undoes_sigmoid(p):
    assert calibration.sigmoid(calibration.logit(p)) == pytest.approx(p)


def test_rank_covariance_orders_scorings_as_the_area_under_their_curve_does():
    generator = np.random.default_rng(3)
    gain = generator.integers(-1, 2, 200).astype(float) + 0.5
    scorings = [gain + noise * generator.normal(size=200) for noise in (0.1, 1.0, 3.0, 10.0)]

    def area(score):
        captured = np.concatenate([[0.0], np.cumsum(gain[np.argsort(-score)])]) / gain.sum()
        return np.trapezoid(captured, dx=1 / len(gain))

    by_area = sorted(range(4), key=lambda index: area(scorings[index]))
    assert sorted(range(4), key=lambda index: rank_covariance(scorings[index], gain)) == by_area
    score = scorings[1]
    assert 0.5 + rank_covariance(score, gain) / gain.mean() == pytest.approx(area(score))
