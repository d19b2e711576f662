"""Sentence embeddings for the `embed` stage and for training; serving uses the exported ONNX model instead."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pointsman.routers.files import RouterError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class Parts(NamedTuple):
    """What an ONNX model of the encoder is made from."""

    model: Any  # the sentence-transformers model, a torch module
    tokenizer: Any  # of the `tokenizers` library
    vocabulary: int


class Embedder:
    """A sentence-transformers model, or its lowest layers; loaded on the first call."""

    def __init__(
        self, source: Path | str, max_tokens: int, batch_size: int, *, layers: int | None = None, quiet: bool = True
    ) -> None:
        self.source = source
        self.max_tokens = max_tokens
        self.batch_size = batch_size
        self.layers = layers
        self.quiet = quiet
        self._model: SentenceTransformer | None = None

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings of unit length, shape (n, d), or (0, 0) of no texts; the same texts give the same numbers.

        Raises:
            RouterError: the folder or hub id holds no sentence-transformers model, or one of fewer layers or positions.
        """
        model = self._load()
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        vectors = model.encode(
            list(texts),
            batch_size=self.batch_size,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=not self.quiet,
        )
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), -1)

    def parts(self) -> Parts:
        """The loaded model and its tokenizer, for export.

        Raises:
            RouterError: as a call.
        """
        model: Any = self._load()
        tokenizer = model.tokenizer.backend_tokenizer
        return Parts(model, tokenizer, int(tokenizer.get_vocab_size()))

    def _load(self) -> SentenceTransformer:
        if self._model is None:
            from sentence_transformers import SentenceTransformer

            from pointsman.routers.pretrained import check_length, keep_lowest, no_report

            try:
                with no_report():
                    model = SentenceTransformer(str(self.source))
            except (OSError, ValueError) as problem:
                raise RouterError(
                    f"embedder {str(self.source)!r} cannot be loaded: {problem}. Set `embedder.weights` in conf/ to a "
                    "key of `weights`, a hub id or a folder of a sentence-transformers model"
                ) from problem
            model.max_seq_length = self.max_tokens
            encoder: Any = model[0]
            check_length(encoder.model, self.max_tokens)
            if self.layers is not None:
                keep_lowest(encoder.model, self.layers, "Lower this encoder's `layers` in conf/; null keeps all")
            self._model = model  # once all is well: a second call must not get what the first was refused
        return self._model
