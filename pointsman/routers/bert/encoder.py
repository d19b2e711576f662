"""The fine-tuned encoder as a whole: texts in, each model's predicted score out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tokenizers import Tokenizer

from pointsman.config.routers import BertConfig
from pointsman.routers import calibration, fitting
from pointsman.routers.base import Floats
from pointsman.routers.bert.data import TOKENIZER, Rows, base_tokenizer, labels_of, tokenise
from pointsman.routers.bert.model import ScoreModel, from_base, read_model, write_model
from pointsman.routers.bert.train import is_main_process, train_model
from pointsman.routers.encoder import load_tokenizer, pad
from pointsman.routers.files import RouterError
from pointsman.routers.pretrained import check_length

if TYPE_CHECKING:
    import pandas as pd

BATCH = 16
FEWEST = 10  # train queries
HISTORY = "history.json"


@dataclass(frozen=True)
class TunedEncoder:
    """An encoder with a head for each model's score; docs/adr/0002-bert-target.md says why."""

    model: ScoreModel
    tokenizer: Tokenizer
    max_tokens: int
    history: dict[str, Any] = field(default_factory=dict)  # losses of training; empty where it was loaded

    def predict(self, texts: Sequence[str]) -> Floats:
        """Each model's predicted score in [0, 1], shape (n, 2): weak, strong; similar lengths share a batch."""
        tokens = tokenise(self.tokenizer, texts)
        order = np.argsort([len(ids) for ids in tokens], kind="stable")
        device = next(self.model.parameters()).device
        self.model.eval()
        rows: list[Floats] = []
        with torch.no_grad():
            for start in range(0, len(order), BATCH):
                padded = pad([tokens[index] for index in order[start : start + BATCH]])
                ids, mask = (torch.from_numpy(array).to(device) for array in padded)
                rows.extend(self.model(ids, mask)["logits"].double().cpu().numpy())
        return calibration.sigmoid(np.array(rows)[np.argsort(order)] if rows else np.zeros((0, 0)))

    def save(self, folder: Path) -> None:
        """Write weights, config, tokenizer and history; of several processes, the first writes."""
        from pointsman.tables.io import atomic, write_json

        if not is_main_process():
            return
        write_model(folder, self.model)
        with atomic(folder / TOKENIZER) as file:
            file.write(self.tokenizer.to_str(pretty=True))
        write_json(folder / HISTORY, self.history)


def fine_tune(train: pd.DataFrame, base: Path, config: BertConfig, *, seed: int, quiet: bool) -> TunedEncoder:
    """Fine-tune a pretrained encoder on the texts and scores of train.

    Raises:
        RouterError: the base cannot be loaded or reads fewer tokens than that, train has fewer than ten rows, or
            training diverged.
    """
    if len(train) < FEWEST:
        raise RouterError(f"train has {len(train)} queries, expected {FEWEST} or more to fine-tune an encoder")
    torch.manual_seed(seed)
    tokenizer = base_tokenizer(base, config.max_tokens)
    model, labels = from_base(base, config.layers), labels_of(train)
    check_length(model.encoder, config.max_tokens)
    model.start_at([float(rate) for rate in labels.mean(axis=0)])
    model.freeze(config.train.frozen_layers)
    rows = Rows(tokenise(tokenizer, fitting.texts(train)), labels)
    trained = train_model(model, rows, config.train, seed, quiet=quiet)
    return TunedEncoder(trained.model, tokenizer, config.max_tokens, trained.history)


def load(folder: Path, max_tokens: int) -> TunedEncoder:
    """Read what `TunedEncoder.save` wrote.

    Raises:
        RouterError: a file is missing or damaged.
    """
    return TunedEncoder(read_model(folder), load_tokenizer(folder / TOKENIZER, max_tokens), max_tokens)
