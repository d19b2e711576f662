"""Everything that a router needs from outside, made from sections of params.yaml and used only when needed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.llm.client import ask
from pointsman.llm.shelf import Asking
from pointsman.llm.weights import model_hash, resolve
from pointsman.routers.embedding import Embedder
from pointsman.routers.fitting import FitContext, encoder_config
from pointsman.routers.names import ENCODED

if TYPE_CHECKING:
    from pointsman.config.routers import EmbedderConfig, RoutersConfig


def make_context(
    name: str, router: RoutersConfig, embedder: EmbedderConfig, seed: int, asking: Asking, *, quiet: bool = False
) -> FitContext:
    """The context of one router: its base weights, encoder and model are fetched only for those that use them."""
    candidate = router.llm.candidate
    return FitContext(
        router=router,
        embedder=embedder,
        seed=seed,
        embed=make_embedder(encoder_config(name, router, embedder), asking) if name in (*ENCODED, "shuffled") else None,
        ask=partial(ask, settings=asking, what="classifications") if name == "llm" else None,
        model_hash=model_hash(candidate.model, asking.weights) if candidate.provider == "local" else None,
        template=Path(router.llm.prompt).read_text("utf-8") if name == "llm" else None,
        base=Path(resolve(router.bert.base, asking.weights)) if name == "bert" else None,
        quiet=quiet,
    )


def make_embedder(config: EmbedderConfig, asking: Asking) -> Embedder:
    """A frozen encoder, its weights fetched."""
    weights = resolve(config.weights, asking.weights)
    return Embedder(weights, config.max_tokens, config.batch_size, layers=config.layers)
