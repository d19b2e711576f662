"""Any router under one call: texts in, scores and best routes out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pointsman.routers import packaged
from pointsman.routers.base import Floats
from pointsman.routers.files import MANIFEST, RouterError, folder_sha256, read_manifest
from pointsman.routers.names import EMBEDDING, SERVABLE

DEFAULT_THRESHOLD = 0.5


class Verdicts(NamedTuple):
    """Scores of shape (n,), and the best route of each query where the router has routes."""

    score: Floats
    best_route: list[str] | None


@dataclass(frozen=True)
class Scorer:
    """A router that is ready to score; `identity` changes if and only if its scores could."""

    name: str
    threshold: float
    identity: str
    score: Callable[[Sequence[str]], Verdicts]
    has_routes: bool = False


def make_scorer(router: str, params: Path) -> Scorer:
    """A scorer for a folder (packaged or trained) or for a bare name, which means models/{name}.

    The bare name `semantic` works without a trained model: routes and priors of params.yaml.

    Raises:
        RouterError: there is no such router.
    """
    folder = Path("models") / router if router in SERVABLE else Path(router)
    if router == "semantic" and not (folder / MANIFEST).exists():
        return _unlabelled_semantic(params)
    if router == "llm":
        raise RouterError(
            f"the llm router is compared only and scores no files; expected {', '.join(SERVABLE)} or a folder"
        )
    if not (folder / MANIFEST).exists():
        raise RouterError(
            f"router is {router!r}, but {folder / MANIFEST} is missing; expected {', '.join(SERVABLE)} or a router's "
            f"folder. Train it with: dvc repro {f'train@{router}' if router in ('bert', 'stack') else 'package'}"
        )
    return _packaged(folder) if "files" in read_manifest(folder) else _trained(folder, params)


def _packaged(folder: Path) -> Scorer:
    router = packaged.load(folder)

    def score(texts: Sequence[str]) -> Verdicts:
        if router.name != "semantic":
            return Verdicts(router.scores(texts).score, None)
        embeddings = router.embed(texts)
        return Verdicts(router.scores(texts, embeddings).score, router.routes(texts, embeddings))

    return Scorer(router.name, router.threshold, router.version, score, router.name == "semantic")


def _trained(folder: Path, params: Path) -> Scorer:
    from pointsman.routers.registry import load

    name, identity = str(read_manifest(folder)["router"]), folder_sha256(folder)
    router: Any = load(folder)
    if name not in EMBEDDING:
        return Scorer(name, DEFAULT_THRESHOLD, identity, lambda texts: Verdicts(router.scores(texts).score, None))
    embed = _embedder(params)
    return Scorer(name, DEFAULT_THRESHOLD, identity, _with_embedder(router, embed), name == "semantic")


def _unlabelled_semantic(params: Path) -> Scorer:
    """Routes, examples and priors as conf gives them; no label is needed."""
    from pointsman.config.params import load_params
    from pointsman.routers.semantic.router import from_routes

    config, embed = load_params(params).router.semantic, _embedder(params)
    identity = hashlib.sha256(config.model_dump_json().encode()).hexdigest()
    router = from_routes(config, embed)
    return Scorer("semantic", DEFAULT_THRESHOLD, identity, _with_embedder(router, embed), has_routes=True)


def _with_embedder(router: Any, embed: Callable[[Sequence[str]], Any]) -> Callable[[Sequence[str]], Verdicts]:
    """Embed once, for scores and routes alike."""

    def score(texts: Sequence[str]) -> Verdicts:
        embeddings = np.asarray(embed(texts), dtype=np.float32)
        routes = router.routes(texts, embeddings) if hasattr(router, "routes") else None
        return Verdicts(router.scores(texts, embeddings).score, routes)

    return score


def _embedder(params: Path) -> Callable[[Sequence[str]], Any]:
    """The sentence encoder of params.yaml, its weights fetched."""
    from pointsman.config.params import load_params
    from pointsman.llm.weights import resolve
    from pointsman.routers.embedding import Embedder

    loaded = load_params(params)
    config = loaded.embedder
    return Embedder(resolve(config.weights, loaded.weights), config.max_tokens, config.batch_size)
