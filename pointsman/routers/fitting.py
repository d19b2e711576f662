"""What a router's `fit` is given: rows and settings, as plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pointsman.llm.types import Answer, Request
from pointsman.routers.base import Floats
from pointsman.routers.files import RouterError

if TYPE_CHECKING:
    import pandas as pd

    from pointsman.config.routers import EmbedderConfig, RoutersConfig

Ask = Callable[[list[Request]], list[Answer]]
Embeddings = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Embeddings]


@dataclass(frozen=True)
class FitData:
    """Rows of data/dataset.parquet (`DATASET` schema) with their embeddings in the same order."""

    train: pd.DataFrame
    validation: pd.DataFrame
    train_embeddings: Embeddings  # shape (len(train), d), unit length
    validation_embeddings: Embeddings  # shape (len(validation), d), unit length

    def __post_init__(self) -> None:
        for name in ("train", "validation"):
            rows, vectors = len(getattr(self, name)), len(getattr(self, f"{name}_embeddings"))
            if rows != vectors:
                raise ValueError(f"{name} has {rows} rows and {vectors} embeddings, expected as many")


@dataclass(frozen=True)
class FitContext:
    """Settings, and what reaches outside the process: who embeds, who is asked, where base weights lie.

    A router uses what it needs: `embed` semantic, knn and shuffled (for texts that come without embeddings) and, as an
    encoder of its own, stack; `ask`, `model_hash` and `template` llm, `base` bert.
    """

    router: RoutersConfig
    embedder: EmbedderConfig
    seed: int
    embed: Embed | None = None
    ask: Ask | None = None
    model_hash: str | None = None
    template: str | None = None
    base: Path | None = None
    quiet: bool = False


def encoder_config(name: str, router: RoutersConfig, embedder: EmbedderConfig) -> EmbedderConfig:
    """The frozen encoder of a router: its own, or the one that others share."""
    return router.stack.encoder if name == "stack" else embedder


def gains(table: pd.DataFrame) -> Floats:
    """Gain of each row, shape (n,)."""
    return np.asarray(table["gain"], dtype=np.float64)


def events(table: pd.DataFrame) -> Floats:
    """1.0 where gain > 0, else 0.0; shape (n,)."""
    return (gains(table) > 0).astype(np.float64)


def texts(table: pd.DataFrame) -> list[str]:
    """What a router reads of each row."""
    return [str(text) for text in table["text"]]


def embeddings_of(
    texts: Sequence[str], embeddings: NDArray[np.float32] | None, embed: Embed | None, name: str
) -> NDArray[np.float32]:
    """The given embeddings, else those that the encoder makes.

    Raises:
        RouterError: there is neither, or their number differs from that of the texts.
    """
    if embeddings is None and embed is None:
        raise RouterError(f"the {name} router was loaded without an encoder and got no embeddings. Pass one of them")
    found = embed(texts) if embeddings is None and embed else embeddings
    if found is None or len(found) != len(texts):
        raise RouterError(f"got {0 if found is None else len(found)} embeddings for {len(texts)} texts")
    return np.asarray(found, dtype=np.float32)


def read_fit_data(dataset: pd.DataFrame, embeddings: Path) -> FitData:
    """The train and validation rows of the dataset with their embeddings.

    Raises:
        RouterError: one of the two splits has no rows.
        TableError: a query has no embedding.
    """
    from pointsman.tables.embeddings import read_embeddings

    rows = {split: dataset[dataset["split"] == split].reset_index(drop=True) for split in ("train", "validation")}
    for split, table in rows.items():
        if table.empty:
            raise RouterError(f"no query is in the split {split!r}; bring more queries, or name splits in a column")
    return FitData(
        train=rows["train"],
        validation=rows["validation"],
        train_embeddings=read_embeddings(embeddings, list(rows["train"]["id"])),
        validation_embeddings=read_embeddings(embeddings, list(rows["validation"]["id"])),
    )
