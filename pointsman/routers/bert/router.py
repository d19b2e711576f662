"""The BERT router: predicted score of strong less predicted score of weak, calibrated on validation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pointsman.routers import calibration, fitting
from pointsman.routers.base import Floats, Scored
from pointsman.routers.bert.data import TOKENIZER, Rows, base_tokenizer, labels_of, tokenise
from pointsman.routers.bert.model import ScoreModel, from_base, read_model, write_model
from pointsman.routers.bert.scoring import HEADS, raw_scores
from pointsman.routers.bert.train import is_main_process, train_model
from pointsman.routers.encoder import TokenIds, load_tokenizer, pad
from pointsman.routers.files import RouterError, read_manifest, write_manifest
from pointsman.routers.fitting import FitContext, FitData

BATCH = 16
HISTORY = "history.json"


@dataclass(frozen=True)
class BertRouter:
    """An encoder with a head for each model's score; docs/adr/0002-bert-target.md says why.

    `history` holds the losses of training, `timing` what a clock measured (seconds); both are empty in
    a router that was loaded.
    """

    model: ScoreModel
    tokenizer: Tokenizer
    max_tokens: int
    calibration: calibration.Calibration
    history: dict[str, Any] = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)
    name: str = "bert"

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:  # noqa: ARG002
        """Score queries from their text."""
        raw = raw_scores(self.predict(texts))
        return Scored(self.calibration.apply(raw), raw, np.zeros(len(raw)))

    def predict(self, texts: Sequence[str]) -> Floats:
        """Each model's predicted score in [0, 1], shape (n, 2): weak, strong."""
        return calibration.sigmoid(_logits(self.model, tokenise(self.tokenizer, texts)))

    def save(self, folder: Path) -> None:
        """Write weights, config, tokenizer, history and router.json; of several processes, the first writes."""
        from pointsman.tables.io import write_json

        if not is_main_process():
            return
        write_model(folder, self.model)
        self.tokenizer.save(str(folder / TOKENIZER))
        write_json(folder / HISTORY, self.history)
        values = {"router": self.name, "max_tokens": self.max_tokens, "heads": list(HEADS)}
        write_manifest(folder, values | {"calibration": self.calibration.to_json()})


def fit(data: FitData, context: FitContext) -> BertRouter:
    """Fine-tune `context.base` on train's texts and scores, then calibrate on validation.

    Raises:
        RouterError: there is no base, it cannot be loaded, or train has fewer than ten rows.
    """
    if context.base is None:
        raise RouterError("the bert router needs FitContext.base, the folder of its base encoder")
    if len(data.train) < 10:
        raise RouterError(f"train has {len(data.train)} queries, expected 10 or more to fine-tune an encoder")
    started = time.perf_counter()
    torch.manual_seed(context.seed)
    tokenizer = base_tokenizer(context.base, context.router.bert.max_tokens)
    model, labels = from_base(context.base), labels_of(data.train)
    model.start_at([float(rate) for rate in labels.mean(axis=0)])
    rows = Rows(tokenise(tokenizer, fitting.texts(data.train)), labels)
    trained = train_model(model, rows, context.train, context.seed, quiet=context.quiet)
    tokens = tokenise(tokenizer, fitting.texts(data.validation))
    raw = raw_scores(calibration.sigmoid(_logits(trained.model, tokens)))
    return BertRouter(
        model=trained.model,
        tokenizer=tokenizer,
        max_tokens=context.router.bert.max_tokens,
        calibration=calibration.fit(context.train.calibration, raw, fitting.events(data.validation)),
        history=trained.history,
        timing={"fit_s": time.perf_counter() - started},
    )


def load(folder: Path) -> BertRouter:
    """Read a saved BERT router.

    Raises:
        RouterError: a file is missing or damaged.
    """
    manifest = read_manifest(folder, "dvc repro train@bert")
    return BertRouter(
        model=read_model(folder),
        tokenizer=load_tokenizer(folder / TOKENIZER, int(manifest["max_tokens"])),
        max_tokens=int(manifest["max_tokens"]),
        calibration=calibration.Calibration.from_json(manifest["calibration"]),
    )


def _logits(model: ScoreModel, tokens: Sequence[TokenIds]) -> Floats:
    """Logits of shape (n, heads), in the order of `tokens`; similar lengths share a batch."""
    device = next(model.parameters()).device
    result = np.zeros((len(tokens), model.head.out_features), dtype=np.float64)
    order = np.argsort([len(ids) for ids in tokens], kind="stable")
    model.eval()
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            ids, mask = (torch.from_numpy(array).to(device) for array in pad([tokens[index] for index in chosen]))
            result[chosen] = model(ids, mask)["logits"].float().cpu().numpy()
    return result
