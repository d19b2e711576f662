"""What can be said of the judge: agreement with checks, corrected shares, biases, self-agreement."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from pointsman.evaluation.agreement import Rates, correct_share, count_pairs, measure_rates, quadratic_kappa
from pointsman.evaluation.intervals import Estimate, Resampling, interval, resample_weights
from pointsman.evaluation.leans import TOWARDS_STRONG, Lean, measure_leans
from pointsman.evaluation.outcomes import Floats
from pointsman.tables.schemas import ROLES

POOR_KAPPA = 0.4
"""Below it agreement is no more than fair (Landis and Koch 1977)."""

_RIGHT_RATING = 4
_PAIR_CLASSES = ("weak", "tie", "strong")


class Agreement(NamedTuple):
    """Checks (rows) against the judge (columns): ratings 1 to 5, or which answer is better: weak's, none, strong's."""

    labels: tuple[str, ...]
    confusion: Floats
    kappa: Estimate

    @property
    def is_poor(self) -> bool:
        """Whether kappa is below POOR_KAPPA."""
        return self.kappa.value is not None and self.kappa.value < POOR_KAPPA


class Share(NamedTuple):
    """A share that the judge decides: of right answers of a role, or of queries where the strong answer is better."""

    event: str  # a role, or "strong is better"
    guided: bool  # the judge saw the reference answer
    rates: Rates
    n: int  # answers or pairs that it decides, those of `rates` apart
    judged: float | None
    corrected: Estimate


class JudgeMeasures(NamedTuple):
    """Everything measured; None or empty where there was nothing to measure it on."""

    agreement: Agreement | None
    shares: list[Share]
    leans: list[Lean]
    repeats: int
    same: float | None  # share of repeats that gave the same verdict


def measure_judge(
    judgements: pd.DataFrame, chars: Mapping[str, Mapping[str, int]], own: Collection[str], how: Resampling
) -> JudgeMeasures:
    """Measure a judge by all that it said.

    Args:
        judgements: the JUDGEMENTS table.
        chars: role -> query id -> length of its answer, characters.
        own: roles whose model is of the judge's family.
        how: of the intervals.
    """
    good = judgements[judgements["error"].isna()]
    first, again = good[good["repeat"] == 0], good[good["repeat"] > 0]
    is_pairwise = bool(first["preferred"].notna().any())
    decided = _pair_verdicts(first) if is_pairwise else _answer_verdicts(first)
    before = first.set_index(["id", "role"])[["rating", "preferred"]]
    repeated = again.join(before.add_suffix("_before"), on=["id", "role"], how="inner")
    same = (repeated["rating"] == repeated["rating_before"]) | (repeated["preferred"] == repeated["preferred_before"])
    return JudgeMeasures(
        _agreement(decided, how, _PAIR_CLASSES if is_pairwise else tuple("12345")),
        _shares(decided, how.confidence),
        measure_leans(first, chars, own, how, is_pairwise=is_pairwise),
        len(repeated),
        float(same.mean()) if len(repeated) else None,
    )


def _answer_verdicts(first: pd.DataFrame) -> pd.DataFrame:
    """A row for each answer rated: classes 0 to 4 of truth (NaN: not checked) and of the judge's rating."""
    known = np.where(first["role"] == "weak", first["weak_reference"], first["strong_reference"])
    truth = 4 * known.astype(float)
    found = first["rating"].to_numpy(float) - 1
    return pd.DataFrame(
        {
            "id": first["id"].to_numpy(),
            "event": first["role"].to_numpy(),
            "guided": first["guided"].to_numpy(),
            "decides": first["decides"].to_numpy(),
            "truth": np.rint(truth),
            "found": found,
            "right": np.where(np.isnan(truth), np.nan, truth >= _RIGHT_RATING - 1),
            "called_right": found >= _RIGHT_RATING - 1,
        }
    )


def _pair_verdicts(first: pd.DataFrame) -> pd.DataFrame:
    """A row for each pair compared in both orders: classes 0 (weak's is better), 1 (a tie) and 2 (strong's is)."""
    both = first.assign(towards=first["preferred"].map(TOWARDS_STRONG)).groupby("id", sort=True)
    pairs = both.agg(
        low=("towards", "min"),
        high=("towards", "max"),
        orders=("towards", "size"),
        guided=("guided", "first"),
        decides=("decides", "first"),
        weak=("weak_reference", "first"),
        strong=("strong_reference", "first"),
    ).query("orders == 2")
    truth = 1 + np.sign((pairs["strong"] - pairs["weak"]).to_numpy(float))
    found = np.where(pairs["low"] == pairs["high"], 1 + pairs["high"], 1.0).astype(float)
    return pd.DataFrame(
        {
            "id": pairs.index.to_numpy(),
            "event": "strong is better",
            "guided": pairs["guided"].to_numpy(),
            "decides": pairs["decides"].to_numpy(),
            "truth": truth,
            "found": found,
            "right": np.where(np.isnan(truth), np.nan, truth == 2),
            "called_right": found == 2,
        }
    )


def _agreement(decided: pd.DataFrame, how: Resampling, labels: tuple[str, ...]) -> Agreement | None:
    checked = decided[decided["truth"].notna()]
    if checked.empty:
        return None
    # One matrix a query, so that a resample draws queries: both answers to one stand or fall together.
    by_query = np.stack(
        [
            count_pairs(rows["truth"].to_numpy(np.intp), rows["found"].to_numpy(np.intp), len(labels))
            for _, rows in checked.groupby("id", sort=True)
        ]
    )
    weights = resample_weights(len(by_query), how.resamples, how.seed)
    kappa = float(quadratic_kappa(by_query.sum(axis=0)))
    resampled = quadratic_kappa(np.tensordot(weights.astype(np.float64), by_query, axes=1))
    value = None if np.isnan(kappa) else kappa
    return Agreement(labels, by_query.sum(axis=0), Estimate(value, interval(resampled, how.confidence)))


def _shares(decided: pd.DataFrame, confidence: float) -> list[Share]:
    """Each role, or the pairs, with and without a reference shown, where there is both a measure and a need for it."""
    found = []
    for (event, guided), rows in decided.groupby(["event", "guided"], sort=True):
        checked, rest = rows[rows["truth"].notna()], rows[rows["truth"].isna() & rows["decides"]]
        if checked.empty:
            continue
        rates = measure_rates(checked["right"].to_numpy(bool), checked["called_right"].to_numpy(bool))
        judged = float(rest["called_right"].mean()) if len(rest) else None
        corrected = Estimate(None, None) if judged is None else correct_share(judged, len(rest), rates, confidence)
        found.append(Share(str(event), bool(guided), rates, len(rest), judged, corrected))
    return sorted(found, key=lambda share: ROLES.index(share.event) if share.event in ROLES else 0)
