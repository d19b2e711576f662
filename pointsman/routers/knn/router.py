"""The kNN router: what the nearest train queries gained. Scoring imports numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pointsman.routers import calibration, fitting
from pointsman.routers.base import Floats, Scored
from pointsman.routers.files import read_arrays, read_manifest, write_arrays, write_manifest
from pointsman.routers.fitting import Embed, FitContext, FitData, embeddings_of

Votes = Literal["share", "gain"]


@dataclass(frozen=True)
class KnnRouter:
    """Similarity-weighted mean, over the nearest train queries, of gain > 0 (`share`) or of gain (`gain`).

    Li 2025 (arXiv 2505.12601) finds kNN on embeddings as good as most learned routers.
    """

    embeddings: NDArray[np.float16]  # shape (n, d), unit length
    values: NDArray[np.float32]  # shape (n,): what each train query votes
    neighbours: int
    votes: Votes
    calibration: calibration.Calibration
    embed: Embed | None = None
    name: str = "knn"

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:
        """Score queries; with embeddings (n, d) the encoder is not called.

        Raises:
            RouterError: there are neither embeddings nor an encoder.
        """
        raw = self.vote(embeddings_of(texts, embeddings, self.embed, self.name))
        return Scored(self.calibration.apply(raw), raw, np.zeros(len(raw)))

    def vote(self, queries: NDArray[np.float32]) -> Floats:
        """Raw scores, shape (n,), of unit vectors, shape (n, d)."""
        known = self.embeddings.astype(np.float32)
        return np.array([self._vote_one(known @ query) for query in queries], dtype=np.float64)

    def _vote_one(self, similarity: NDArray[np.float32]) -> float:
        nearest = np.argsort(-similarity, kind="stable")[: self.neighbours]
        weight = np.maximum(similarity[nearest], 1e-6).astype(np.float64)
        return float(weight @ self.values[nearest] / weight.sum())

    def save(self, folder: Path) -> None:
        """Write router.json and arrays.safetensors."""
        write_arrays(folder, {"embeddings": self.embeddings, "values": self.values})
        manifest = {"router": self.name, "neighbours": self.neighbours, "votes": self.votes}
        write_manifest(folder, manifest | {"calibration": self.calibration.to_json()})


def fit(data: FitData, context: FitContext, name: str = "knn") -> KnnRouter:
    """Remember train; choose on validation whether neighbours vote gain > 0 or gain, and calibrate there."""
    event = fitting.events(data.validation)
    candidates = [_fit_votes(data, context, votes, name) for votes in ("share", "gain")]
    raws = [candidate.vote(np.asarray(data.validation_embeddings)) for candidate in candidates]
    quality = [calibration.rank_covariance(raw, fitting.gains(data.validation)) if len(raw) else 0.0 for raw in raws]
    best = int(np.argmax(quality))
    fitted = calibration.fit("platt", raws[best], event)
    chosen = candidates[best]
    return KnnRouter(chosen.embeddings, chosen.values, chosen.neighbours, chosen.votes, fitted, context.embed, name)


def _fit_votes(data: FitData, context: FitContext, votes: Votes, name: str) -> KnnRouter:
    values = fitting.events(data.train) if votes == "share" else fitting.gains(data.train)
    return KnnRouter(
        embeddings=np.asarray(data.train_embeddings).astype(np.float16),
        values=values.astype(np.float32),
        neighbours=min(context.router.knn.neighbours, len(values)),
        votes=votes,
        calibration=calibration.NONE,
        name=name,
    )


def load(folder: Path, embed: Embed | None = None) -> KnnRouter:
    """Read a saved kNN router; `embed` serves texts that come without embeddings."""
    manifest, arrays = read_manifest(folder), read_arrays(folder)
    return KnnRouter(
        embeddings=arrays["embeddings"],
        values=arrays["values"],
        neighbours=int(manifest["neighbours"]),
        votes=manifest["votes"],
        calibration=calibration.Calibration.from_json(manifest["calibration"]),
        embed=embed,
        name=manifest["router"],
    )
