"""Performance gap recovered: how much of the way from weak to strong a share of strong calls goes.

The measures are RouteLLM's (Ong et al., arXiv 2406.18665). Its own code reads them off eleven thresholds;
`apgr_routellm` and `cpt_routellm` do so too, for comparison with published tables.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pointsman.evaluation.curves import Curve
from pointsman.evaluation.outcomes import Floats, Outcomes, checked

SMALLEST_GAP = 1e-12
"""A smaller difference between strong and weak is rounding; no share of it can be recovered."""


class Points(NamedTuple):
    """Eleven points or fewer of a curve, by rising share of strong calls."""

    strong_share: Floats
    quality: Floats


def pgr(curve: Curve) -> Floats | None:
    """(quality − weak) / (strong − weak) at each point; None where strong is not better than weak.

    It is 0 at always-weak and 1 at always-strong, and between them it may leave [0, 1].
    """
    gap = curve.quality[-1] - curve.quality[0]
    return None if gap <= SMALLEST_GAP else (curve.quality - curve.quality[0]) / gap


def apgr(curve: Curve) -> float | None:
    """Mean PGR over the share of strong calls (trapezoid); None where strong is not better than weak.

    A random order has 0.5 in expectation; a constant score has 0.5 exactly, being a straight line.
    """
    recovered = pgr(curve)
    return None if recovered is None else float(np.trapezoid(recovered, curve.strong_share))


def cpt(curve: Curve, recovered_share: float) -> float | None:
    """Call-performance threshold: the least share of strong calls whose PGR reaches `recovered_share`.

    That is the first crossing, linear between neighbouring points, also where the curve falls back later.
    None where strong is not better than weak, or a share above 1 is never reached.
    """
    recovered = pgr(curve)
    if recovered is None or recovered.max() < recovered_share:
        return None
    crossing = int(np.argmax(recovered >= recovered_share))
    if crossing == 0:
        return 0.0
    before, after = recovered[crossing - 1 : crossing + 1]
    left, right = curve.strong_share[crossing - 1 : crossing + 1]
    return float(left + (right - left) * (recovered_share - before) / (after - before))


def apgr_routellm(score: ArrayLike, outcomes: Outcomes) -> float | None:
    """APGR as RouteLLM's code computes it: trapezoid over the thresholds at the score's deciles.

    Where deciles coincide, which its code refuses, they count once. None where strong is not better than weak.
    """
    gap = float(outcomes.gain.mean())
    if gap <= SMALLEST_GAP:
        return None
    points = _decile_points(score, outcomes)
    area = np.trapezoid(points.quality, points.strong_share)
    return float((area - outcomes.weak_score.mean()) / gap)


def cpt_routellm(score: ArrayLike, outcomes: Outcomes, recovered_share: float) -> float | None:
    """CPT as RouteLLM's code computes it: the share of strong calls interpolated at the wanted quality.

    The interpolation takes the qualities as rising; where they are not, its result is not the first crossing.
    None where strong is not better than weak.
    """
    gap = float(outcomes.gain.mean())
    if gap <= SMALLEST_GAP:
        return None
    points = _decile_points(score, outcomes)
    wanted = outcomes.weak_score.mean() + recovered_share * gap
    return float(np.interp(wanted, points.quality, points.strong_share))


def _decile_points(score: ArrayLike, outcomes: Outcomes) -> Points:
    """Strong where score >= decile, for each decile but the last; none at the last."""
    scores = checked(score, "score", n=outcomes.n)
    deciles = np.unique(np.quantile(scores, np.linspace(0.0, 1.0, 11)))
    lower = deciles[:-1] if len(deciles) > 1 else deciles
    strong = np.vstack([np.zeros((1, outcomes.n), dtype=bool), scores >= lower[::-1, None]])
    return Points(strong.mean(axis=1), np.where(strong, outcomes.strong_score, outcomes.weak_score).mean(axis=1))
