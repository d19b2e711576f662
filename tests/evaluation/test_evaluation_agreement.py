import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from pointsman.evaluation.agreement import Rates, correct_share, count_pairs, measure_rates, quadratic_kappa


def test_kappa_is_scikit_learns():
    generator = np.random.default_rng(3)
    truth = generator.integers(0, 5, 200)
    found = np.clip(truth + generator.integers(-2, 3, 200), 0, 4)
    confusion = count_pairs(truth, found, 5)
    assert confusion[truth[0]].sum() == (truth == truth[0]).sum()
    assert quadratic_kappa(confusion) == pytest.approx(cohen_kappa_score(truth, found, weights="quadratic"))


def test_kappa_of_many_tables_at_once_is_each_ones():
    tables = np.random.default_rng(0).integers(0, 9, (4, 3, 3)).astype(float)
    assert quadratic_kappa(tables) == pytest.approx([float(quadratic_kappa(table)) for table in tables])


def test_kappa_is_undefined_where_there_is_one_class_only():
    assert np.isnan(quadratic_kappa(count_pairs(np.array([2, 2]), np.array([2, 2]), 5)))


def test_rates_count_right_and_wrong_answers_apart():
    right = np.array([True, True, True, True, False, False])
    called = np.array([True, True, True, False, True, False])
    assert measure_rates(right, called) == Rates(0.75, 4, 0.5, 2)
    assert measure_rates(right[:4], called[:4]) == Rates(0.75, 4, None, 0)


def test_the_correction_undoes_known_errors():
    truth, sensitivity, specificity = 0.3, 0.9, 0.7
    judged = truth * sensitivity + (1 - truth) * (1 - specificity)
    found = correct_share(judged, 1000, Rates(sensitivity, 500, specificity, 500), 0.95)
    assert found.value == pytest.approx(truth)
    assert found.ci[0] < truth < found.ci[1]


@pytest.mark.parametrize(
    ("share", "n", "rates", "ci"),
    [
        (0.5, 10_000, Rates(0.9, 5000, 0.9, 5000), [0.4857088, 0.5142912]),
        (0.4, 200, Rates(0.85, 140, 0.7, 60), [0.0, 0.3729353]),
    ],
)
def test_the_interval_is_that_of_the_authors_own_program(share, n, rates, ci):
    """Their confidence_interval(p, q0, q1, n, m0, m1), of github.com/UW-Madison-Lee-Lab/LLM-judge-reporting."""
    assert correct_share(share, n, rates, 0.95).ci == pytest.approx(ci, abs=1e-6)


@pytest.mark.parametrize(
    "rates", [Rates(0.5, 50, 0.5, 50), Rates(0.4, 50, 0.5, 50), Rates(None, 0, 0.9, 50), Rates(0.9, 50, None, 0)]
)
def test_a_judge_without_skill_or_without_a_measure_is_not_corrected(rates):
    assert correct_share(0.5, 100, rates, 0.95) == (None, None)


@pytest.mark.parametrize("truth", [0.1, 0.5, 0.8])
def test_the_interval_covers_the_truth_as_often_as_it_says_and_the_raw_one_does_not(truth):
    generator = np.random.default_rng(11)
    sensitivity, specificity, n, calibration, runs = 0.85, 0.7, 300, 200, 1000
    n_right = generator.binomial(calibration, truth, runs)
    covered = raw_covered = 0
    for right in n_right:
        wrong = calibration - right
        rates = Rates(
            generator.binomial(right, sensitivity) / right, right, generator.binomial(wrong, specificity) / wrong, wrong
        )
        called = generator.binomial(n, truth * sensitivity + (1 - truth) * (1 - specificity)) / n
        low, high = correct_share(called, n, rates, 0.95).ci
        covered += low <= truth <= high
        half = 1.96 * np.sqrt(called * (1 - called) / n)
        raw_covered += called - half <= truth <= called + half
    assert 0.93 <= covered / runs <= 0.99
    assert raw_covered / runs < 0.6
