"""Compose conf/ into the committed params.yaml.

Examples:
  python -m pointsman.config.compose                                   # the defaults
  python -m pointsman.config.compose queries=file queries.path=my.csv  # a user's queries
  python -m pointsman.config.compose --check                           # is params.yaml what conf/ says?

"""

import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pointsman.cli import make_parser
from pointsman.config.errors import ConfigError, explain
from pointsman.config.params import PARAMS_FILE, Params, load_params
from pointsman.errors import PointsmanError
from pointsman.tables.io import atomic

_HEADER = "# Written by `python -m pointsman.config.compose`; edit conf/, not this file.\n# overrides: "


def compose(conf: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """Compose the Hydra groups of a folder and check the result.

    Raises:
        ConfigError: an override, key or value is not allowed.
    """
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        composed = _compose(conf, overrides)
    except (HydraException, OmegaConfBaseException) as problem:
        unknown = _explain_unknown(conf, overrides) if overrides else ""
        raise ConfigError(f"conf/ with overrides {list(overrides)} does not compose: {unknown or problem}") from problem
    try:
        Params.model_validate(composed)
    except ValidationError as problem:
        raise ConfigError(explain(problem, "conf/", Params)) from problem
    return composed


def _compose(conf: Path, overrides: Sequence[str]) -> dict[str, Any]:
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from omegaconf import OmegaConf

    with initialize_config_dir(str(conf.resolve()), version_base=None):
        composed: Any = OmegaConf.to_container(
            hydra_compose("config", list(overrides)), resolve=True, throw_on_missing=True
        )
    return {str(key): value for key, value in composed.items()}


def _explain_unknown(conf: Path, overrides: Sequence[str]) -> str:
    """Of the first override whose key is unknown, what could have been meant; nothing where all are known."""
    groups = {folder.name for folder in conf.iterdir() if folder.is_dir()}
    known = sorted(groups | set(_keys(_compose(conf, []))))
    for override in overrides:
        key = override.partition("=")[0]
        if key in known or not key[:1].isalpha():
            continue
        last = key.rpartition(".")[2]
        near = [name for name in known if name.endswith(f".{last}")] or difflib.get_close_matches(key, known)
        top = sorted(name for name in known if "." not in name)
        return f"unknown key {key!r}; allowed: {', '.join(near or top)}"
    return ""


def _keys(section: dict[str, Any], path: str = "") -> Iterator[str]:
    """Dotted names of all settings."""
    for name, value in section.items():
        yield f"{path}{name}"
        if isinstance(value, dict):
            yield from _keys(value, f"{path}{name}.")


def render(params: dict[str, Any], overrides: Sequence[str]) -> str:
    """The text of params.yaml: a header with the overrides, then the sections in conf's order."""
    body = yaml.safe_dump(params, sort_keys=False, allow_unicode=True, width=120)
    return f"{_HEADER}{json.dumps(list(overrides), ensure_ascii=False)}\n{body}"


def recorded_overrides(text: str) -> list[str]:
    """The overrides that the header of a params.yaml records.

    Raises:
        ConfigError: there is no such header, e.g. after `dvc exp run -S`, which writes its own params.yaml.
    """
    if not text.startswith(_HEADER):
        raise ConfigError(
            f"{PARAMS_FILE} was not written by compose (dvc exp run -S writes one without a header). "
            "Write it again with: python -m pointsman.config.compose [overrides]"
        )
    return [str(item) for item in json.loads(text[len(_HEADER) :].split("\n", 1)[0])]


def check(conf: Path, path: Path) -> list[str]:
    """Raise ConfigError unless params.yaml is what conf/ gives with its recorded overrides; returns those."""
    if not path.exists():
        raise ConfigError(f"{path} is missing. Write it with: python -m pointsman.config.compose")
    text = path.read_text("utf-8")
    overrides = recorded_overrides(text)
    if render(compose(conf, overrides), overrides) != text:
        command = " ".join(["python -m pointsman.config.compose", *overrides])
        raise ConfigError(f"{path} is not what conf/ gives. Write it again with: {command}")
    return overrides


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = make_parser(__doc__)
    parser.add_argument("overrides", nargs="*", help="Hydra overrides, e.g. pair=notebook seed=3")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where params.yaml is stale")
    options = parser.parse_args(arguments)
    conf = Path("conf")
    try:
        if options.check:
            overrides = check(conf, PARAMS_FILE)
        else:
            overrides = options.overrides
            text = render(compose(conf, overrides), overrides)
            with atomic(PARAMS_FILE) as file:
                file.write(text)
    except PointsmanError as problem:
        print(f"error: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    print(f"{PARAMS_FILE}: {'up to date' if options.check else 'written'}, overrides {overrides}")  # noqa: T201
    loaded = load_params()
    if any(source.kind == "file" for source in loaded.queries.sources) and not any("pair" in one for one in overrides):
        print(f"pair: {loaded.pair.name}; scores or answers that you bring are taken for theirs: docs/own-queries.md")  # noqa: T201
    if "llm" not in loaded.routers:
        print("the LLM router is left out; to have it, name it: 'routers=[semantic, bert, stack, llm]'")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
