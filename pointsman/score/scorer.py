"""Any router under one call: texts in, scores and best routes out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pointsman.routers import packaged
from pointsman.routers.base import Floats
from pointsman.routers.files import MANIFEST, RouterError, folder_sha256, read_manifest
from pointsman.routers.names import COMPARED, EMBEDDING, SERVABLE

if TYPE_CHECKING:
    from pointsman.routers.fitting import FitContext

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
    if router in {"llm", *COMPARED} - {*SERVABLE}:
        raise RouterError(f"{router} is compared only and scores no files; expected {', '.join(SERVABLE)} or a folder")
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
    router: Any = load(folder, None if name == "bert" else _context(name, params))
    if name not in EMBEDDING:
        return Scorer(name, DEFAULT_THRESHOLD, identity, lambda texts: Verdicts(router.scores(texts).score, None))
    return Scorer(name, DEFAULT_THRESHOLD, identity, _with_embedder(router), name == "semantic")


def _unlabelled_semantic(params: Path) -> Scorer:
    """Routes, examples and priors as conf gives them; no label is needed."""
    from pointsman.routers.semantic.router import from_routes

    context = _context("semantic", params)
    config, embed = context.router.semantic, context.embed
    assert embed is not None, "the semantic router's context holds one"
    identity = hashlib.sha256(config.model_dump_json().encode()).hexdigest()
    router = from_routes(config, embed)
    return Scorer("semantic", DEFAULT_THRESHOLD, identity, _with_embedder(router), has_routes=True)


def _with_embedder(router: Any) -> Callable[[Sequence[str]], Verdicts]:
    """Embed once, for scores and routes alike."""

    def score(texts: Sequence[str]) -> Verdicts:
        embeddings = np.asarray(router.embed(texts), dtype=np.float32)
        routes = router.routes(texts, embeddings) if hasattr(router, "routes") else None
        return Verdicts(router.scores(texts, embeddings).score, routes)

    return score


def _context(name: str, params: Path) -> FitContext:
    """What a router needs beside its folder, as params.yaml says."""
    from pointsman.config.params import load_params
    from pointsman.llm.shelf import Asking
    from pointsman.routers.context import make_context

    loaded = load_params(params)
    asking = Asking(loaded.llm, loaded.provider, loaded.weights)
    return make_context(name, loaded.router, loaded.embedder, loaded.seed, asking, quiet=True)
