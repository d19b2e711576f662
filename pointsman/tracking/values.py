"""Results as MLflow keeps them: flat names with a text or a number."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pointsman.config.digest import plain
from pointsman.tables.io import dumps

_LONGEST_PARAM = 500
_CURVE_POINTS = 21


def params(sections: Mapping[str, Any]) -> dict[str, str]:
    """Settings as `a.b.c` -> text; those too long to compare, such as lists of examples, are left to the report."""
    texts = {name: value if isinstance(value, str) else dumps(value) for name, value in _leaves(plain(sections))}
    return {name: text for name, text in texts.items() if len(text) <= _LONGEST_PARAM}


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def numbers(prefix: str, measures: Mapping[str, Any]) -> dict[str, float]:
    """Numbers as metrics; an interval becomes `_low` and `_high`, what is undefined is left out."""
    found: dict[str, float] = {}
    for name, value in measures.items():
        if isinstance(value, list) and len(value) == 2:
            start = f"{prefix}_{name.removesuffix('_ci')}"
            found |= {f"{start}_low": float(value[0]), f"{start}_high": float(value[1])}
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{prefix}_{name}"] = float(value)
    return found


def comparison(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Both models on the test splits, and the winner with what it was compared to."""
    winner = metrics.get("winner") or {}
    against = {name: compared for name, compared in (winner.get("vs") or {}).items() if compared}
    splits = [numbers(split, metrics.get(split) or {}) for split in ("test", "test_unseen")]
    versus = [numbers(f"winner_vs_{name}", compared) for name, compared in against.items()]
    return {name: value for part in (*splits, numbers("winner", winner), *versus) for name, value in part.items()}


def thin(curve: pd.DataFrame) -> list[tuple[int, float]]:
    """Quality at every twentieth share of strong calls, which is given in per cent."""
    if curve.empty:
        return []
    shares = np.linspace(0.0, 1.0, _CURVE_POINTS)
    quality = np.interp(shares, curve["strong_share"].to_numpy(), curve["quality"].to_numpy())
    return [(round(100 * share), float(value)) for share, value in zip(shares, quality, strict=True)]
