"""Average improvement in quality: quality against cost, in one number (RouterBench, Hu et al., arXiv 2403.12031)."""

import numpy as np

from pointsman.evaluation.curves import Curve
from pointsman.evaluation.outcomes import Floats, Outcomes


def aiq(curve: Curve, outcomes: Outcomes) -> float | None:
    """Mean height of the non-decreasing hull of quality against cost.

    The mean is over costs from always-weak's to always-strong's, so that all routers of a pair share the range. Both
    models alone, which need no router, are points of every hull. None where strong does not cost more than weak.
    """
    low, high = float(outcomes.weak_cost.mean()), float(outcomes.strong_cost.mean())
    if high <= low:
        return None
    hull_cost, hull_quality = non_decreasing_hull(
        np.concatenate((curve.cost, [low, high])),
        np.concatenate((curve.quality, [outcomes.weak_score.mean(), outcomes.strong_score.mean()])),
    )
    inside = hull_cost[(hull_cost > low) & (hull_cost < high)]
    costs = np.concatenate(([low], inside, [high]))
    return float(np.trapezoid(np.interp(costs, hull_cost, hull_quality), costs) / (high - low))


def non_decreasing_hull(cost: Floats, quality: Floats) -> tuple[Floats, Floats]:
    """Corners of the least concave, non-decreasing line above all points, by rising cost.

    It ends at the best quality; to the right of that it is flat. Mixing two neighbouring corners at random reaches
    every point between them.
    """
    hull: list[tuple[float, float]] = []
    for index in np.lexsort((-quality, cost)):
        x, y = float(cost[index]), float(quality[index])
        if hull and y <= hull[-1][1]:
            continue
        while len(hull) > 1 and _is_below(hull[-1], hull[-2], (x, y)):
            hull.pop()
        hull.append((x, y))
    corners = np.array(hull)
    return corners[:, 0], corners[:, 1]


def _is_below(point: tuple[float, float], left: tuple[float, float], right: tuple[float, float]) -> bool:
    rise, run = right[1] - left[1], right[0] - left[0]
    return (point[1] - left[1]) * run <= rise * (point[0] - left[0])
