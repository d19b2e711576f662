import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.evaluation.calibrate import Calibration, fit_calibration
from pointsman.evaluation.calibration_metrics import ece
from pointsman.evaluation.outcomes import EvaluationError

KINDS = ("platt", "temperature")


def logistic(x):
    return 1 / (1 + np.exp(-x))


def test_platt_finds_the_slope_and_intercept_that_made_the_events():
    generator = np.random.default_rng(0)
    raw = generator.normal(40, 10, 20_000)
    events = generator.random(20_000) < logistic(0.2 * raw - 9)
    fitted = fit_calibration(raw, events, "platt")
    assert fitted.slope == pytest.approx(0.2, rel=0.05)
    assert fitted.intercept == pytest.approx(-9, rel=0.05)
    assert ece(fitted.apply(raw), events) < 0.02


def test_temperature_finds_how_overconfident_logits_are():
    generator = np.random.default_rng(1)
    logits = generator.normal(0, 1, 20_000)
    events = generator.random(20_000) < logistic(logits)
    fitted = fit_calibration(4 * logits, events, "temperature")
    assert fitted.slope == pytest.approx(0.25, rel=0.05)
    assert fitted.intercept == 0.0


def test_a_fit_minimises_the_smoothed_log_loss():
    raw, events = np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, True, True])
    fitted = fit_calibration(raw, events, "platt")
    targets = np.where(events, 4 / 5, 1 / 4)
    residual = fitted.apply(raw) - targets
    assert residual.sum() == pytest.approx(0, abs=1e-6)
    assert (residual * raw).sum() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_is_kept_even_where_higher_scores_go_with_fewer_events(kind):
    raw = np.linspace(-2, 2, 50)
    fitted = fit_calibration(raw, raw < 0, kind)
    assert fitted.slope > 0
    assert (np.diff(fitted.apply(raw)) > 0).all()
    assert np.ptp(fitted.apply(raw)) < 0.01


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("event", [True, False])
def test_one_class_gives_finite_probabilities_on_its_side(kind, event):
    fitted = fit_calibration([1.0, 2.0, 3.0] if event else [-3.0, -2.0, -1.0], [event] * 3, kind)
    probabilities = fitted.apply([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
    assert ((probabilities > 0) & (probabilities < 1)).all()
    assert (fitted.apply([2.0 if event else -2.0]) > 0.5) == event


def test_separated_classes_give_a_finite_slope():
    fitted = fit_calibration([0.0, 0.1, 0.9, 1.0], [False, False, True, True], "platt")
    assert fitted.apply([0.0, 1.0]) == pytest.approx([0.25, 0.75], abs=0.05)


@pytest.mark.parametrize("n", [1, 5])
def test_a_constant_raw_score_becomes_the_smoothed_share_of_events(n):
    events = np.arange(n) == 0
    fitted = fit_calibration(np.full(n, 7.0), events, "platt")
    targets = np.where(events, 2 / 3, 1 / (n - 1 + 2))
    assert fitted.apply([7.0]) == pytest.approx([targets.mean()], abs=1e-6)


def test_parameters_survive_json():
    fitted = fit_calibration([0.1, 0.4, 0.7, 0.9], [False, True, False, True], "platt")
    again = Calibration.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again == fitted
    assert again.apply([0.3]).tolist() == fitted.apply([0.3]).tolist()


def test_large_raw_scores_do_not_overflow():
    with np.errstate(over="raise", invalid="raise"):
        probabilities = Calibration("platt", 1.0, 0.0).apply([-1e6, -40.0, -39.0, 0.0, 1e6])
    assert probabilities[[0, 3, 4]].tolist() == [0.0, 0.5, 1.0]
    assert 0 < probabilities[1] < probabilities[2]


@pytest.mark.parametrize("slope", [0.0, -1.0, float("nan"), float("inf")])
def test_a_slope_that_would_change_the_order_is_refused(slope):
    with pytest.raises(EvaluationError, match="expected finite numbers and a slope above 0"):
        Calibration("platt", slope, 0.0)


def test_nan_is_named():
    with pytest.raises(EvaluationError, match=r"raw\[1\] is nan"):
        fit_calibration([0.1, np.nan], [True, False], "platt")


def test_events_of_another_length_are_refused():
    with pytest.raises(EvaluationError, match=r"needs_strong has shape \(1,\), expected 2 values"):
        fit_calibration([0.1, 0.2], [True], "platt")


@given(
    st.lists(st.tuples(st.integers(-1000, 1000), st.booleans()), min_size=1, max_size=40),
    st.sampled_from(KINDS),
    st.sampled_from([1e-6, 1.0, 1e4]),
)
def test_calibration_never_swaps_two_queries(rows, kind, unit):
    raw = np.array([value for value, _ in rows]) * unit
    fitted = fit_calibration(raw, [event for _, event in rows], kind)
    probabilities = fitted.apply(np.sort(raw))
    assert (np.diff(probabilities) >= 0).all()
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_applying_a_calibration_loads_no_scipy_and_no_pandas():
    code = (
        "import sys\nfrom pointsman.evaluation.calibrate import Calibration\n"
        "Calibration('platt', 1.0, 0.0).apply([0.5])\n"
        "print(sorted({'scipy', 'sklearn', 'pandas', 'torch'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
