"""Biases of a judge: whether it leans to the answer shown first, to the longer one, to its own family's."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from pointsman.evaluation.intervals import Resampling, mean_estimate, resample_weights
from pointsman.evaluation.outcomes import Floats

FEWEST_PAIRS = 20
"""With fewer pairs a lean has no interval."""

TOWARDS_STRONG = {"weak": -1.0, "tie": 0.0, "strong": 1.0}


class Lean(NamedTuple):
    """Mean over pairs of +1 where the judge took the side, −1 where it took the other, 0 in a tie; no bias gives 0."""

    side: str  # first, longer or own
    value: float
    ci: list[float] | None
    n: int
    controlled: bool  # only pairs of answers that checks find equally good

    @property
    def is_found(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.ci is not None and not self.ci[0] <= 0.0 <= self.ci[1]


def measure_leans(
    first: pd.DataFrame,
    chars: Mapping[str, Mapping[str, int]],
    own: Collection[str],
    how: Resampling,
    *,
    is_pairwise: bool,
) -> list[Lean]:
    """Each lean that there are pairs for; arguments as of `measure_judge`, of verdicts that are no repeats.

    Of two answers that differ in quality, the better one may well be the longer one, or its own family's. So where
    checks know any pairs, those leans are measured on pairs that the checks find equally good.
    """
    pairs = _preferences(first, is_pairwise=is_pairwise)
    longer = np.sign([float(chars["strong"].get(name, 0) - chars["weak"].get(name, 0)) for name in pairs.index])
    is_checked = bool(pairs[["weak", "strong"]].notna().all(axis=1).any())
    fair = (pairs["weak"] == pairs["strong"]).to_numpy(bool) if is_checked else np.ones(len(pairs), bool)
    towards = pairs["towards"].to_numpy(float)
    leans = [_lean("longer", (towards * longer)[fair & (longer != 0)], how, controlled=is_checked)]
    if is_pairwise:
        leans.insert(0, _lean("first", pairs["towards_first"].to_numpy(float), how, controlled=True))
    if len(own) == 1:
        leans.append(_lean("own", towards[fair] * (1 if "strong" in own else -1), how, controlled=is_checked))
    return [lean for lean in leans if lean.n]


def _lean(side: str, values: Floats, how: Resampling, *, controlled: bool) -> Lean:
    n = len(values)
    if n < FEWEST_PAIRS:
        return Lean(side, float(values.mean()) if n else 0.0, None, n, controlled)
    mean = mean_estimate(values, resample_weights(n, how.resamples, how.seed), how.confidence)
    return Lean(side, float(values.mean()), mean.ci, n, controlled)


def _preferences(first: pd.DataFrame, *, is_pairwise: bool) -> pd.DataFrame:
    """A row for each query of which both answers were judged: towards strong and towards the first shown, −1 to 1."""
    if is_pairwise:
        towards = first["preferred"].map(TOWARDS_STRONG)
        sign = np.where(first["role"] == "strong", 1.0, -1.0)
        votes = first.assign(towards=towards, towards_first=towards * sign)
    else:
        votes = first.assign(
            towards=first["rating"] * np.where(first["role"] == "strong", 1.0, -1.0), towards_first=np.nan
        )
    pairs = (
        votes.groupby("id", sort=True)
        .agg(
            towards=("towards", "sum"),
            towards_first=("towards_first", "mean"),
            answers=("role", "nunique"),
            weak=("weak_reference", "first"),
            strong=("strong_reference", "first"),
        )
        .query("answers == 2")
    )
    scaled = pairs["towards"] / 2 if is_pairwise else np.sign(pairs["towards"])
    return pairs.assign(towards=scaled)
