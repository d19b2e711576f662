"""Routers by name; a router's module, and with it torch, is imported only when it is looked up."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from pointsman.routers.base import Router
from pointsman.routers.files import RouterError, read_manifest
from pointsman.routers.fitted import check_encoder
from pointsman.routers.fitting import FitContext, FitData
from pointsman.routers.names import ENCODED

LEARNED = {
    "semantic": "pointsman.routers.semantic.router",
    "llm": "pointsman.routers.llm.router",
    "bert": "pointsman.routers.bert.router",
    "knn": "pointsman.routers.knn.router",
    "stack": "pointsman.routers.stack.router",
}


def fit(name: str, data: FitData, context: FitContext) -> Router:
    """Fit a router on train and calibrate it on validation.

    Raises:
        RouterError: no such router, or it lacks something that the context should hold.
    """
    fitted: Router = _module(name).fit(data, context)
    return fitted


def load(folder: Path, context: FitContext | None = None) -> Router:
    """Read a saved router; the context gives what is not in the folder (an encoder, who is asked).

    Raises:
        RouterError: the folder holds no router, or the context lacks what this one needs or has another encoder.
    """
    name = str(read_manifest(folder).get("router"))
    if name == "llm":
        return _load_llm(folder, context)
    if context is not None:
        check_encoder(folder, context)
    embed = context.embed if context else None
    loaded: Router
    loaded = _module(name).load(folder, embed) if name in ENCODED else _module(name).load(folder)
    return loaded


def _load_llm(folder: Path, context: FitContext | None) -> Router:
    if context is None or context.ask is None or context.template is None:
        raise RouterError("the llm router needs FitContext.ask and FitContext.template")
    loaded: Router = _module("llm").load(folder, context.router.llm, context.template, context.ask)
    return loaded


def _module(name: str) -> Any:
    if name not in LEARNED:
        raise RouterError(f"router is {name!r}, expected one of {', '.join(LEARNED)}")
    return import_module(LEARNED[name])
