"""Pretrained encoders: how they are loaded without a report, and their layers, whatever an architecture calls them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from transformers.utils import logging

from pointsman.routers.files import RouterError


@contextmanager
def no_report() -> Iterator[None]:
    """Without a bar for a moment of loading, and the list of weights that the lowest layers of a base do not need."""
    library: Any = logging  # has no types
    before, has_bar = library.get_verbosity(), library.is_progress_bar_enabled()
    library.set_verbosity_error()
    library.disable_progress_bar()
    try:
        yield
    finally:
        library.set_verbosity(before)
        if has_bar:
            library.enable_progress_bar()


def layers_of(encoder: nn.Module) -> nn.ModuleList:
    """The encoder's transformer layers, the lowest first.

    Raises:
        RouterError: it has no list of as many layers as its config says.
    """
    config: Any = encoder.config
    count = config.num_hidden_layers
    for module in encoder.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return module
    raise RouterError(f"found no list of {count} layers in {type(encoder).__name__}; use all of them, and freeze none")


def keep_lowest(encoder: nn.Module, layers: int, remedy: str) -> None:
    """Take away the layers above the lowest.

    Raises:
        RouterError: it has fewer; ends with the remedy.
    """
    found = layers_of(encoder)
    if layers > len(found):
        raise RouterError(f"layers is {layers}, but the encoder has {len(found)}, expected that many at most. {remedy}")
    del found[layers:]
    config: Any = encoder.config
    config.num_hidden_layers = layers
    if getattr(config, "layer_types", None):  # one word a layer, where layers differ
        config.layer_types = config.layer_types[:layers]


def check_length(encoder: nn.Module, max_tokens: int) -> None:
    """Refuse texts that are longer than an encoder has positions for.

    Raises:
        RouterError: says how many it has.
    """
    config: Any = encoder.config
    most = getattr(config, "max_position_embeddings", None)
    if most is not None and max_tokens > most:
        raise RouterError(f"max_tokens is {max_tokens}, but the encoder reads {most} tokens at most. Lower it in conf/")
