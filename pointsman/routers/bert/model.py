"""The network: an encoder, mean pooling, and one score head for each model of the pair."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

from pointsman.routers.bert.scoring import HEADS
from pointsman.routers.files import RouterError
from pointsman.routers.pretrained import keep_lowest, layers_of, no_report

WEIGHTS = "model.safetensors"
CONFIG = "config.json"


class ScoreModel(nn.Module):
    """Log-odds that each model's answer is right, shape (n, heads); column order as `HEADS`."""

    def __init__(self, encoder: nn.Module, hidden: int, heads: int = len(HEADS), dropout: float = 0.1) -> None:
        super().__init__()
        if getattr(encoder, "pooler", None) is not None:
            encoder.pooler = None  # type: ignore[assignment]  # unused weights would stall training over several processes
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, heads)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def start_at(self, base_rates: Sequence[float]) -> None:
        """Set the heads' biases to the log-odds of the mean scores, so that a rare event starts rare."""
        rates = torch.tensor(base_rates, dtype=torch.float32).clamp(0.01, 0.99)
        with torch.no_grad():
            self.head.bias.copy_(torch.logit(rates))

    def freeze(self, layers: int) -> None:
        """Keep the encoder as it is, but for what lies above its lowest layers; 0: train everything.

        Raises:
            RouterError: the encoder has no more layers than that.
        """
        if not layers:
            return
        stack = layers_of(self.encoder)
        if layers >= len(stack):
            raise RouterError(
                f"frozen_layers is {layers}, but the encoder has {len(stack)} layers, expected fewer. Lower it: "
                "python -m pointsman.config.compose router.bert.train.frozen_layers=0"
            )
        self.encoder.requires_grad_(False)
        stack[layers:].requires_grad_(True)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Logits, and with labels (scores in [0, 1], shape (n, heads)) the mean cross-entropy."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        logits = self.head(self.dropout(mean_pool(states, attention_mask)))
        if labels is None:
            return {"logits": logits}
        loss = nn.functional.binary_cross_entropy_with_logits(logits.float(), labels.float())
        return {"loss": loss, "logits": logits}


def mean_pool(states: Tensor, attention_mask: Tensor) -> Tensor:
    """Mean over the real tokens: states (n, length, hidden) to (n, hidden)."""
    weight = attention_mask.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)


def from_base(base: Path | str, layers: int | None = None) -> ScoreModel:
    """A model with a pretrained encoder, or only its lowest layers, and new heads.

    Raises:
        RouterError: the folder or hub id holds no encoder, or one of fewer layers.
    """
    try:
        config: Any = AutoConfig.from_pretrained(str(base))
        # Without dropout between words attention runs fused: an eighth of the time, and validation is none the worse.
        for name in ("attention_probs_dropout_prob", "attention_dropout"):
            if hasattr(config, name):
                setattr(config, name, 0.0)
        with no_report():
            encoder = AutoModel.from_pretrained(str(base), config=config)
    except (OSError, ValueError) as problem:
        raise RouterError(
            f"base {str(base)!r} cannot be loaded: {problem}. Set `router.bert.base` in conf/ to a key of `weights`, "
            "a hub id or a folder of an encoder"
        ) from problem
    if layers is not None:
        keep_lowest(encoder, layers, "Lower it: python -m pointsman.config.compose router.bert.layers=null")
    return ScoreModel(encoder.float(), int(encoder.config.hidden_size))


def write_model(folder: Path, model: ScoreModel) -> None:
    """Write model.safetensors and config.json; equal weights give equal bytes."""
    from safetensors.torch import save

    from pointsman.tables.io import atomic, write_json

    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with atomic(folder / WEIGHTS, "wb") as file:
        file.write(save(state))
    config: Any = model.encoder.config
    kept = {key: value for key, value in config.to_dict().items() if key not in ("_name_or_path", "torch_dtype")}
    write_json(folder / CONFIG, kept)


def read_model(folder: Path) -> ScoreModel:
    """Read what `write_model` wrote.

    Raises:
        RouterError: a file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    auto: Any = AutoModel
    try:
        encoder = auto.from_config(AutoConfig.from_pretrained(str(folder), local_files_only=True))
        state = load_file(folder / WEIGHTS)
    except (OSError, ValueError, SafetensorError) as problem:
        raise RouterError(
            f"{folder} holds no trained encoder: {problem}. Train it with: dvc repro train@bert"
        ) from problem
    model = ScoreModel(encoder, int(encoder.config.hidden_size), heads=state["head.bias"].shape[0])
    model.load_state_dict(state)
    return model.eval()
