"""The command line of `pointsman.llm.weights`."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from pointsman.cli import say
from pointsman.config.llm import WeightFile, Weights
from pointsman.config.params import load_params
from pointsman.llm.download import hub_file
from pointsman.llm.errors import WeightsError
from pointsman.llm.pinned import file_sha256
from pointsman.llm.weights import cache_folder, fetch, is_present

_HELP = """Fetch weights that conf/weights names, list them, or pin a model of yours.

Examples:
  python -m pointsman.llm.weights list
  python -m pointsman.llm.weights fetch smollm2-135m-instruct
  python -m pointsman.llm.weights pin my-model ./my-model.Q4_K_M.gguf --parameters 3e9
  python -m pointsman.llm.weights pin my-model --repository org/name-GGUF --file name.Q4_K_M.gguf --parameters 3e9
"""


def main() -> None:
    """The command line; `--help` explains it."""
    options = _parser().parse_args()
    if options.command == "pin":
        say(_pin(options))
        return
    weights = load_params().weights
    if options.command == "list":
        for name, entry in weights.items():
            say(f"{'fetched' if is_present(name, entry) else 'missing'}  {name}  {cache_folder() / name}")
        return
    for name in _chosen(options.names, options.all, weights):
        say(str(fetch(name, weights[name])))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pointsman.llm.weights",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="which weights conf names, and whether they are here")
    fetching = commands.add_parser("fetch", help="fetch weights into the cache folder")
    fetching.add_argument("names", nargs="*", metavar="NAME", help="a key of weights")
    fetching.add_argument("--all", action="store_true", help="every key")
    pinning = commands.add_parser("pin", help="print the lines for conf/weights/default.yaml of a model of yours")
    pinning.add_argument("name", metavar="NAME", help="the key to be")
    pinning.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="files of yours; copied to the cache folder"
    )
    pinning.add_argument("--repository", help="hub repository, instead of files of yours")
    pinning.add_argument("--revision", default="main", help="hub revision (default main; better a commit)")
    pinning.add_argument("--file", action="append", default=[], dest="files", help="file of the repository; repeatable")
    pinning.add_argument("--license", default="LicenseRef-unknown", help="SPDX identifier")
    pinning.add_argument("--parameters", type=float, help="model parameters, e.g. 3e9: the relative cost of a token")
    return parser


def _chosen(names: Sequence[str], every: bool, weights: dict[str, Weights]) -> list[str]:
    unknown = [name for name in names if name not in weights]
    if unknown or not (names or every):
        raise WeightsError(f"weights {unknown or 'to fetch'}: expected some of {', '.join(weights)}, or --all")
    return list(weights if every else names)


def _pin(options: argparse.Namespace) -> str:
    folder = cache_folder() / options.name
    if bool(options.paths) == bool(options.repository and options.files):
        raise WeightsError("pin needs either files of yours, or --repository with one --file or more; see --help")
    pairs = [(path.name, path) for path in options.paths] or [
        (name, hub_file(options.repository, options.revision, name, folder)) for name in options.files
    ]
    files = [WeightFile(name=name, sha256=_placed(path, folder / name)) for name, path in pairs]
    return pin_lines(
        options.name,
        Weights(
            repository=options.repository,
            revision=options.revision,
            license=options.license,
            parameters=options.parameters,
            files=files,
        ),
    )


def _placed(path: Path, target: Path) -> str:
    """SHA-256 of a file, which lies at `target` afterwards."""
    if not path.is_file():
        raise WeightsError(f"{path} is no file")
    if path.resolve() != target.resolve():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return file_sha256(target)


def pin_lines(name: str, weights: Weights) -> str:
    """The lines of conf that name and pin these weights."""
    head = [
        f"{name}:",
        f"  repository: {weights.repository or 'null'}",
        f"  revision: {weights.revision}",
        f"  license: {weights.license}",
        f"  parameters: {'null' if weights.parameters is None else int(weights.parameters)}",
        "  files:",
    ]
    files = [line for file in weights.files for line in (f"    - name: {file.name}", f"      sha256: {file.sha256}")]
    return "\n".join(head + files)
