"""How far a judge can be trusted: agreement with what is known to be right, and estimates corrected for its errors.

Correction and interval: "How to Correctly Report LLM-as-a-Judge Evaluations" (arXiv 2511.21140), which is Rogan and
Gladen's estimate (1978) with Lang and Reiczigel's interval (2014).
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pointsman.evaluation.intervals import Estimate
from pointsman.evaluation.outcomes import Bools, Floats


class Rates(NamedTuple):
    """How often a judge is right, of `n_right` right answers and `n_wrong` wrong ones; None where there are none."""

    sensitivity: float | None
    n_right: int
    specificity: float | None
    n_wrong: int


def count_pairs(truth: NDArray[np.intp], found: NDArray[np.intp], classes: int) -> Floats:
    """Confusion matrix, shape (classes, classes): rows are the truth, columns what the judge found.

    Args:
        truth: class numbers from 0.
        found: the same, of the judge.
        classes: how many there are.
    """
    counts: Floats = np.bincount(truth * classes + found, minlength=classes * classes).astype(np.float64)
    return counts.reshape(classes, classes)


def quadratic_kappa(confusion: Floats) -> Floats:
    """Cohen's kappa with quadratic weights: 1 is full agreement, 0 what chance would give (Cohen 1968).

    Args:
        confusion: of equally spaced classes, shape (…, classes, classes).

    Returns:
        Shape (…); NaN where everything falls into one and the same class.
    """
    classes = confusion.shape[-1]
    distance = np.subtract.outer(np.arange(classes), np.arange(classes)) ** 2
    margins = confusion.sum(axis=-1)[..., :, None] * confusion.sum(axis=-2)[..., None, :]
    by_chance = (distance * margins).sum(axis=(-2, -1)) / np.maximum(confusion.sum(axis=(-2, -1)), 1.0)
    found = (distance * confusion).sum(axis=(-2, -1))
    shares = np.divide(found, by_chance, out=np.full(np.shape(found), np.nan), where=by_chance > 0)
    kappa: Floats = 1.0 - shares
    return kappa


def measure_rates(right: Bools, called_right: Bools) -> Rates:
    """Sensitivity and specificity of a judge on answers of which it is known whether they are right."""
    n_right, n_wrong = int(right.sum()), int((~right).sum())
    return Rates(
        float((right & called_right).sum() / n_right) if n_right else None,
        n_right,
        float((~right & ~called_right).sum() / n_wrong) if n_wrong else None,
        n_wrong,
    )


def correct_share(share: float, n: int, rates: Rates, confidence: float) -> Estimate:
    """The share of right answers behind a judge's share, with an interval that knows all three counts.

    Args:
        share: of answers that the judge calls right.
        n: how many it judged; none of those that `rates` were measured on.
        rates: of the same judge, on answers that it judged in the same way.
        confidence: coverage of the interval.

    Returns:
        None where a rate is unknown or the judge tells right from wrong no better than chance.
    """
    if rates.sensitivity is None or rates.specificity is None:
        return Estimate(None, None)
    skill = rates.sensitivity + rates.specificity - 1
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    # A few made-up answers are added to each count, so that the interval also holds for small samples.
    ns, n0, n1 = n + z**2, rates.n_wrong + 2, rates.n_right + 2
    p = (n * share + z**2 / 2) / ns
    q0, q1 = (rates.n_wrong * rates.specificity + 1) / n0, (rates.n_right * rates.sensitivity + 1) / n1
    smooth_skill = q0 + q1 - 1
    if skill <= 0 or smooth_skill <= 0:
        return Estimate(None, None)
    theta = (p + q0 - 1) / smooth_skill
    var0, var1 = q0 * (1 - q0) / n0, q1 * (1 - q1) / n1
    centre = theta + 2 * z**2 * (theta * var1 - (1 - theta) * var0)
    half = z * float(np.sqrt(p * (1 - p) / ns + (1 - theta) ** 2 * var0 + theta**2 * var1)) / smooth_skill
    low, high = np.clip([centre - half, centre + half], 0.0, 1.0)
    return Estimate(float(np.clip((share + rates.specificity - 1) / skill, 0.0, 1.0)), [float(low), float(high)])
