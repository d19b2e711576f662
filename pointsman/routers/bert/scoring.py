"""What the heads mean, and the raw score made of them; imports numpy alone, for serving."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.base import Floats

HEADS = ("weak", "strong")


def raw_scores(predicted: NDArray[Any]) -> Floats:
    """Predicted gain, shape (n,), from predicted scores in [0, 1], shape (n, 2): strong less weak."""
    return np.asarray(predicted[:, 1], dtype=np.float64) - np.asarray(predicted[:, 0], dtype=np.float64)
