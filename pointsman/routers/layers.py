"""The layers of an encoder, whatever its architecture calls them."""

from __future__ import annotations

from typing import Any

from torch import nn

from pointsman.routers.files import RouterError


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


def keep_lowest(encoder: nn.Module, layers: int) -> None:
    """Take away the layers above the lowest.

    Raises:
        RouterError: it has fewer.
    """
    found = layers_of(encoder)
    if layers > len(found):
        raise RouterError(f"layers is {layers}, but the encoder has {len(found)}, expected that many at most")
    del found[layers:]
    config: Any = encoder.config
    config.num_hidden_layers = layers
