"""The semantic router: similarity to example queries of each route. Scoring imports numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pointsman.routers import fitting
from pointsman.routers.base import Floats, Scored
from pointsman.routers.calibration import NONE, Calibration
from pointsman.routers.files import RouterError, read_arrays, read_manifest, write_arrays, write_manifest
from pointsman.routers.fitting import Embed, FitContext, FitData, embeddings_of

if TYPE_CHECKING:
    from pointsman.config.routers import SemanticConfig


@dataclass(frozen=True)
class SemanticRouter:
    """Routes, the embeddings of their examples, and the share of gain > 0 that each route carries."""

    names: tuple[str, ...]  # of the routes
    shares: Floats  # shape (routes,): smoothed share of gain > 0
    counts: NDArray[np.int64]  # shape (routes,): train queries behind each share; 0 without labels
    examples: NDArray[np.float32]  # shape (examples, d), unit length: each route's description and examples
    owners: NDArray[np.int64]  # shape (examples,): the route of each example
    neighbours: int
    temperature: float
    embed: Embed | None = None
    name: str = "semantic"
    calibration: Calibration = NONE

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:
        """The routes' shares, mixed by similarity: a probability already, so that raw equals score."""
        mixed = self.mix(embeddings_of(texts, embeddings, self.embed, self.name))
        return Scored(self.calibration.apply(mixed), mixed, np.zeros(len(mixed)))

    def mix(self, queries: NDArray[np.float32]) -> Floats:
        """Raw scores, shape (n,), of unit vectors, shape (n, d)."""
        return np.asarray(self.weights(queries) @ self.shares)

    def routes(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> list[str]:
        """Name of each query's best route."""
        return self.best(embeddings_of(texts, embeddings, self.embed, self.name))

    def best(self, queries: NDArray[np.float32]) -> list[str]:
        """Name of the best route of unit vectors, shape (n, d)."""
        return [self.names[index] for index in np.argmax(self.weights(queries), axis=1)]

    def weights(self, queries: NDArray[np.float32]) -> Floats:
        """Share of each route in each query, shape (n, routes).

        A route's similarity is the mean over its nearest examples; a softmax turns similarities into shares.
        """
        similarity = np.asarray(queries @ self.examples.T, dtype=np.float64)
        columns = [_top_mean(similarity[:, self.owners == route], self.neighbours) for route in range(len(self.names))]
        logits = np.stack(columns, axis=1) / self.temperature
        unnormalised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(unnormalised / unnormalised.sum(axis=1, keepdims=True))

    def save(self, folder: Path) -> None:
        """Write router.json and the examples' embeddings as arrays.safetensors."""
        write_arrays(folder, {"examples": self.examples, "owners": self.owners})
        routes = [
            {"name": name, "share": float(share), "train_queries": int(count)}
            for name, share, count in zip(self.names, self.shares, self.counts, strict=True)
        ]
        settings = {"neighbours": self.neighbours, "temperature": self.temperature}
        calibration = {"calibration": self.calibration.to_json()}
        write_manifest(folder, {"router": self.name, "routes": routes} | settings | calibration)


def _top_mean(similarity: Floats, count: int) -> Floats:
    """Mean of each row's `count` largest values, shape (n,)."""
    return np.asarray(np.sort(similarity, axis=1)[:, -count:].mean(axis=1))


def from_routes(config: SemanticConfig, embed: Embed) -> SemanticRouter:
    """The router without labels: every route carries the prior that conf gives it."""
    listed = [
        (index, text) for index, route in enumerate(config.routes) for text in (route.description, *route.examples)
    ]
    return SemanticRouter(
        names=tuple(route.name for route in config.routes),
        shares=np.array([route.prior for route in config.routes], dtype=np.float64),
        counts=np.zeros(len(config.routes), dtype=np.int64),
        examples=embed([text for _, text in listed]),
        owners=np.array([index for index, _ in listed], dtype=np.int64),
        neighbours=config.neighbours,
        temperature=config.temperature,
        embed=embed,
    )


def fit(data: FitData, context: FitContext) -> SemanticRouter:
    """Each route's share of gain > 0 among the train queries whose best route it is, smoothed towards its prior.

    Raises:
        RouterError: the context has no encoder for the examples.
    """
    if context.embed is None:
        raise RouterError("the semantic router needs an encoder for its routes' examples. Pass FitContext.embed")
    config = context.router.semantic
    prior = from_routes(config, context.embed)
    assigned = np.argmax(prior.weights(np.asarray(data.train_embeddings)), axis=1)
    counts = np.bincount(assigned, minlength=len(prior.names)).astype(np.int64)
    gained = np.bincount(assigned, weights=fitting.events(data.train), minlength=len(prior.names))
    shares = (gained + config.prior_weight * prior.shares) / (counts + config.prior_weight)
    return replace(prior, shares=shares, counts=counts)


def load(folder: Path, embed: Embed | None = None) -> SemanticRouter:
    """Read a saved semantic router; `embed` serves texts that come without embeddings."""
    manifest, arrays = read_manifest(folder), read_arrays(folder)
    routes = manifest["routes"]
    return SemanticRouter(
        names=tuple(route["name"] for route in routes),
        shares=np.array([route["share"] for route in routes], dtype=np.float64),
        counts=np.array([route["train_queries"] for route in routes], dtype=np.int64),
        examples=arrays["examples"],
        owners=arrays["owners"],
        neighbours=int(manifest["neighbours"]),
        temperature=float(manifest["temperature"]),
        embed=embed,
        calibration=Calibration.from_json(manifest["calibration"]),
    )
