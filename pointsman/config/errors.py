"""Turn pydantic's findings into sentences that name the file, the key, what was found and what is allowed."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from pointsman.errors import PointsmanError


class ConfigError(PointsmanError):
    """params.yaml or conf/ holds a key or value that is not allowed."""


def explain(problem: ValidationError, path: Path | str, model: type[BaseModel]) -> str:
    """One line for each breach, and how to mend it."""
    lines = [_line(error, path, model) for error in problem.errors(include_url=False)]
    return "\n".join([*lines, "Edit conf/, then run: python -m pointsman.config.compose"])


def _line(error: Any, path: Path | str, model: type[BaseModel]) -> str:
    location = [str(part) for part in error["loc"]]
    if not location:
        return f"{path}: {error['msg']}"
    key = ".".join(location)
    if error["type"] == "extra_forbidden":
        return f"{path}: unknown key {key!r}; allowed here: {', '.join(_keys(model, location[:-1])) or 'none'}"
    if error["type"] == "missing":
        return f"{path}: key {key!r} is missing"
    return f"{path}: {key} is {error['input']!r}; {error['msg']}"


def _keys(model: type[BaseModel], location: list[str]) -> list[str]:
    """Names of the fields at a location; descends through models, lists, dicts and unions."""
    options: list[Any] = [model]
    for part in location:
        options = [child for option in options for child in _children(option, part)]
    return sorted({name for option in options if _is_model(option) for name in option.model_fields})


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _children(kind: Any, part: str) -> list[Any]:
    if _is_model(kind):
        if part in kind.model_fields:
            return _models(kind.model_fields[part].annotation)
        discriminators = [field for field in kind.model_fields if field == "kind"]
        return [kind] if discriminators and part in str(kind.model_fields["kind"].annotation) else []
    return []


def _models(annotation: Any) -> list[Any]:
    if _is_model(annotation):
        return [annotation]
    return [found for argument in getattr(annotation, "__args__", ()) for found in _models(argument)]
