"""Everything that a router needs from outside, made from sections of params.yaml and used only when needed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.llm.client import ask
from pointsman.llm.shelf import Asking
from pointsman.llm.weights import model_hash, resolve
from pointsman.routers.embedding import Embedder
from pointsman.routers.fitting import FitContext
from pointsman.routers.names import EMBEDDING

if TYPE_CHECKING:
    from pointsman.config.routers import EmbedderConfig, RoutersConfig


def make_context(
    name: str, router: RoutersConfig, embedder: EmbedderConfig, seed: int, asking: Asking, *, quiet: bool = False
) -> FitContext:
    """The context of one router: its base weights, encoder and model are fetched only for those that use them."""
    candidate = router.llm.candidate
    weights = {"bert": router.bert.base, "stack": router.stack.encoder.base}.get(name)
    base = None if weights is None else resolve(weights, asking.weights)
    return FitContext(
        router=router,
        embedder=embedder,
        seed=seed,
        embed=make_embedder(embedder, asking) if name in (*EMBEDDING, "shuffled") else None,
        ask=partial(ask, settings=asking, what="classifications") if name == "llm" else None,
        model_hash=model_hash(candidate.model, asking.weights) if candidate.provider == "local" else None,
        template=Path(router.llm.prompt).read_text("utf-8") if name == "llm" else None,
        base=None if base is None else Path(base),
        quiet=quiet,
    )


def make_embedder(config: EmbedderConfig, asking: Asking) -> Embedder:
    """The sentence encoder, its weights fetched."""
    return Embedder(resolve(config.weights, asking.weights), config.max_tokens, config.batch_size)
