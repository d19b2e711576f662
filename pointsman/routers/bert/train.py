"""Fine-tuning with the `transformers` Trainer: one process, or several under `accelerate launch`."""

from __future__ import annotations

import os
import tempfile
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from pointsman.config.routers import TrainConfig
from pointsman.routers.bert.data import Rows, collate
from pointsman.routers.bert.model import ScoreModel
from pointsman.routers.files import RouterError


class Trained(NamedTuple):
    """A trained model and what was watched on the way; no clock values."""

    model: ScoreModel
    history: dict[str, Any]


def is_main_process() -> bool:
    """Whether this process may write files: the only one, or the first of several."""
    return int(os.environ.get("RANK", "0")) == 0


def processes() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


class KeepBest(TrainerCallback):
    """Early stopping that keeps weights in memory: no checkpoint is written, with one process or several.

    A tenth of train is few rows, and its loss is noisy: of the epochs whose watched loss is within `tolerance` of
    the least, the latest is kept, because its learning rate has fallen furthest.
    """

    def __init__(self, patience: int, tolerance: float) -> None:
        self.patience = patience
        self.tolerance = tolerance
        self.least = float("inf")
        self.since_least = 0
        self.epoch = 0
        self.weights: dict[str, Tensor] = {}

    def on_evaluate(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,
        **given: Any,
    ) -> TrainerControl:
        """After each epoch: keep these weights, or count towards stopping."""
        loss = float(given["metrics"]["eval_loss"])
        self.since_least = 0 if loss < self.least else self.since_least + 1
        self.least = min(self.least, loss)
        if loss <= self.least + self.tolerance:
            self.epoch = round(state.epoch or 0)
            self.weights = {name: value.detach().clone() for name, value in given["model"].state_dict().items()}
        control.should_training_stop = control.should_training_stop or self.since_least >= self.patience
        return control


def train_model(model: ScoreModel, rows: Rows, config: TrainConfig, seed: int, *, quiet: bool) -> Trained:
    """Train on most rows, watch the loss on the rest, keep the best epoch's weights.

    On a CPU the same rows, seed and number of threads give the same weights, bit for bit. GPUs that
    have bfloat16 compute in it. Several processes on CPUs: `accelerate launch --multi_gpu --num_processes 2`.

    Raises:
        RouterError: the loss is not a number.
    """
    train, watched = split_watched(rows, config.watch_share, seed)
    best = KeepBest(config.patience, config.watch_tolerance)
    with tempfile.TemporaryDirectory(prefix="pointsman-train-") as folder:
        trainer = Trainer(
            model=model,
            args=_arguments(config, seed, folder, steps_an_epoch(len(train), config.batch_size), quiet=quiet),
            train_dataset=train,
            eval_dataset=watched,
            data_collator=collate,
            callbacks=[best],
        )
        trainer.remove_callback(PrinterCallback)  # the history tells the losses
        trainer.train()
        epochs = _losses(trainer.state.log_history)
    if not best.weights:
        raise RouterError(
            f"training diverged: the watched loss is {epochs[-1]['watched_loss']}. "
            f"Lower router.bert.train.learning_rate, which is {config.learning_rate}"
        )
    model.load_state_dict(best.weights)
    history = {"train_rows": len(train), "watched_rows": len(watched), "best_epoch": best.epoch, "epochs": epochs}
    return Trained(model.eval(), history)


def split_watched(rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Part of the rows for early stopping, chosen by the seed; at least one row on either side."""
    order = np.random.default_rng(seed).permutation(len(rows))
    count = min(max(1, round(share * len(rows))), len(rows) - 1)
    return _take(rows, np.sort(order[count:])), _take(rows, np.sort(order[:count]))


def steps_an_epoch(rows: int, batch_size: int) -> int:
    """Optimizer steps in one pass over the rows, over all processes."""
    return -(-rows // (batch_size * processes()))


def _take(rows: Rows, indices: np.ndarray[Any, Any]) -> Rows:
    return Rows([rows.tokens[index] for index in indices], rows.labels[indices])


def _arguments(config: TrainConfig, seed: int, folder: str, steps: int, *, quiet: bool) -> TrainingArguments:
    return TrainingArguments(
        output_dir=folder,
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=2 * config.batch_size,
        learning_rate=config.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=round(config.warmup_share * steps * config.epochs),
        weight_decay=config.weight_decay,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        save_strategy="no",
        logging_strategy="epoch",
        bf16=torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
        use_cpu=_joined_on_cpu(),
        seed=seed,
        full_determinism=True,
        label_names=["labels"],
        remove_unused_columns=False,
        report_to=[],
        log_level="error",
        disable_tqdm=quiet or not is_main_process(),
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def _joined_on_cpu() -> bool:
    """Several processes on a machine without a GPU find each other only when told so; else the device is automatic."""
    return processes() > 1 and not torch.cuda.is_available()


def _losses(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Losses of each epoch, rounded so that the file reads well."""
    watched = {entry["epoch"]: entry["eval_loss"] for entry in log if "eval_loss" in entry}
    trained = {entry["epoch"]: entry["loss"] for entry in log if "loss" in entry}
    return [
        {"epoch": round(epoch), "train_loss": _rounded(trained.get(epoch)), "watched_loss": _rounded(loss)}
        for epoch, loss in sorted(watched.items())
    ]


def _rounded(loss: float | None) -> float | None:
    return None if loss is None else round(float(loss), 6)
