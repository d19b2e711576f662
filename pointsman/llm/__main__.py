"""`python -m pointsman.llm`: whether the providers can be asked, and what the cache of answers holds."""

import argparse

from pointsman.cli import run
from pointsman.llm import cache_cli, check

_HELP = """Check the providers, and look after the cache of answers.

Examples:
  python -m pointsman.llm check                         one tiny answer of each model that params.yaml names
  python -m pointsman.llm check --provider openrouter
  python -m pointsman.llm cache stats
  python -m pointsman.llm cache export                  into data/recordings, from which another clone replays them
  python -m pointsman.llm cache import ../other/.cache/llm.sqlite
  python -m pointsman.llm cache prune --unused-since 2026-01-01
"""


def main() -> None:
    """The command line; `--help` explains it."""
    parser = argparse.ArgumentParser(
        prog="python -m pointsman.llm", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check.add_arguments(commands.add_parser("check", help="ask each model for one tiny answer"))
    cache_cli.add_arguments(commands.add_parser("cache", help="stats, export, import, prune"))
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    run(main)
