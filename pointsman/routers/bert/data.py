"""Tokenised rows for the Trainer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from pointsman.routers.encoder import TokenIds, load_tokenizer, pad

if TYPE_CHECKING:
    import pandas as pd
    from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"


class Rows(Dataset[dict[str, Any]]):
    """Token ids and score labels, one dict a row."""

    def __init__(self, tokens: Sequence[TokenIds], labels: np.ndarray[Any, Any]) -> None:
        self.tokens = tokens
        self.labels = labels

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": self.tokens[index], "labels": self.labels[index]}


def collate(rows: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """Pad a batch to its longest row."""
    ids, mask = pad([row["input_ids"] for row in rows])
    labels = torch.tensor(np.stack([row["labels"] for row in rows]), dtype=torch.float32)
    return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask), "labels": labels}


def base_tokenizer(base: Path | str, max_tokens: int) -> Tokenizer:
    """The base model's tokenizer, from its folder or the hub."""
    file = Path(base) / TOKENIZER
    if file.exists():
        return load_tokenizer(file, max_tokens)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(base)).backend_tokenizer
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer


def tokenise(tokenizer: Tokenizer, texts: Sequence[str]) -> list[TokenIds]:
    """Token ids of each text."""
    return [list(encoding.ids) for encoding in tokenizer.encode_batch(list(texts))]


def labels_of(table: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Scores of both models, shape (n, 2): the columns of `HEADS`."""
    return np.asarray(table[["weak_score", "strong_score"]], dtype=np.float32)
