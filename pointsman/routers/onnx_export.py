"""PyTorch modules as ONNX files, and their int8 versions."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from onnx_ir.passes.common import ClearMetadataAndDocStringPass
from torch import Tensor, nn
from transformers import PreTrainedModel

from pointsman.routers.encoder import INPUTS

LONGEST_BATCH = 4096
INT8_DROP = 0.005
INT8_MOVED = 0.01


class PredictedScores(nn.Module):
    """A score model that gives probabilities instead of log-odds."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Predicted scores in [0, 1], shape (n, heads)."""
        return torch.sigmoid(self.model(input_ids, attention_mask)["logits"])


class SentenceEmbedding(nn.Module):
    """A sentence-transformers model that takes two tensors and gives one; pooling and scaling included."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embeddings of unit length, shape (n, d)."""
        features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
        return nn.functional.normalize(features["sentence_embedding"], dim=-1)


def export_onnx(module: nn.Module, path: Path, vocabulary: int, max_tokens: int) -> None:
    """Write a module of (input_ids, attention_mask) as one file, with dynamic batch and length.

    The exporter notes for each node the source lines that it came of, with this checkout's path; they are left out, so
    that equal weights give equal bytes wherever they are exported.
    """
    batch = torch.export.Dim("batch", min=1, max=LONGEST_BATCH)
    length = torch.export.Dim("length", min=2, max=max_tokens)
    ids = torch.arange(14).reshape(2, 7) % vocabulary
    for part in module.modules():
        if isinstance(part, PreTrainedModel):
            part.set_attn_implementation("eager")  # the same numbers from a quarter fewer nodes than fused attention's
    shape = {0: batch, 1: length}
    with _quietly():
        program = torch.onnx.export(
            module.cpu().eval(),
            (ids, torch.ones_like(ids)),
            dynamo=True,
            verbose=False,
            input_names=list(INPUTS),
            output_names=["output"],
            dynamic_shapes=dict.fromkeys(INPUTS, shape),
        )
        assert program is not None, "with dynamo the exporter gives a program"
        ClearMetadataAndDocStringPass()(program.model)
        program.save(path)


def quantise(source: Path, target: Path) -> None:
    """Write a dynamic int8 version: weights of 7 bits a channel, which no processor lets overflow."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quietly():
        quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)


def halve(source: Path, target: Path) -> None:
    """Write a version for GPUs, whose weights and sums are fp16; what goes in and comes out stays as it is."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    with _quietly():
        onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), target)


def int8_ok(apgr_fp32: float | None, apgr_int8: float | None, moved: float) -> bool:
    """Whether int8 may be served in place of fp32, which was judged.

    Its APGR on validation falls by at most 0.005 below fp32's, and at the threshold at most 0.01 of the queries
    (`moved`) go to the other model. Where APGR is undefined (null), no fall can be shown and int8 is not used.
    """
    if apgr_fp32 is None or apgr_int8 is None:
        return False
    return apgr_fp32 - apgr_int8 <= INT8_DROP and moved <= INT8_MOVED


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """The exporter prints its progress and warns about names that it gives itself."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
