"""Score a file of queries: adds `score`, `route` (weak or strong) and, with the semantic router, `best_route`.

Examples:
  python -m pointsman.score --router models/router --input queries.csv --output scored.csv
  python -m pointsman.score --router semantic --input queries.jsonl --output scored.parquet --threshold 0.45
  python -m pointsman.score --router bert --input logs.parquet --output scored.jsonl --text-column question

JSONL, CSV and Parquet are told apart by their suffix. A column `messages` (a conversation) is read where a row
has one. A run that was stopped goes on when the same command is given again.
"""

import argparse
import math
from pathlib import Path

from pointsman import cli
from pointsman.config.params import PARAMS_FILE
from pointsman.routers.names import SERVABLE
from pointsman.score.run import Job, run
from pointsman.score.scorer import make_scorer


def main() -> None:
    """Read the arguments and score."""
    arguments = _parser().parse_args()
    job = Job(arguments.input, arguments.output, arguments.text_column, arguments.prefix, arguments.threshold)
    count = run(job, make_scorer(arguments.router, arguments.params), restart=arguments.restart)
    cli.say(f"{job.output}: {count} queries scored")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pointsman.score", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--router", required=True, help=f"folder of a router, or {', '.join(SERVABLE)} for models/{{name}}")
    add("--input", type=Path, required=True, help="file of queries: .jsonl, .csv or .parquet")
    add("--output", type=Path, required=True, help="file to write: .jsonl, .csv or .parquet")
    add("--text-column", default="prompt", help="column that holds the query (default: prompt)")
    add("--threshold", type=_share, help="route strong above this score (default: the packaged one, else 0.5)")
    add("--prefix", default="", help="put before the names of the added columns (default: nothing)")
    add("--restart", action="store_true", help="forget what a stopped run had scored")
    add("--params", type=Path, default=PARAMS_FILE, help="settings of trained routers (default: params.yaml)")
    return parser


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return value


if __name__ == "__main__":
    cli.run(main)
