r"""Find a router's threshold on your own traffic, and say what it will cost and keep.

Examples:
  python -m pointsman.calibrate --router models/router --strong-share 0.3 --input traffic.jsonl
  python -m pointsman.calibrate --router models/router --keep-quality 0.95 --input labelled.csv --apply
  python -m pointsman.calibrate --router models/router --budget-usd-per-1k 2.0 --input traffic.csv \
      --weak-usd-per-1k 0.4 --strong-usd-per-1k 6

A share needs queries alone. A quality needs weak_score and strong_score (or ratings) in every row; a budget needs
weak_cost and strong_cost in every row, or both averages on the command line. Bring queries that the router was not
fitted on: of those that it was, it promises too much.
"""

import argparse
import json
from pathlib import Path

from pointsman import cli
from pointsman.calibrate.apply import apply_threshold
from pointsman.calibrate.thresholds import (
    Calibrated,
    describe,
    for_budget,
    for_quality,
    for_strong_share,
    kept_on_other_queries,
)
from pointsman.calibrate.traffic import Traffic, add_column_option, read_traffic
from pointsman.config.params import PARAMS_FILE
from pointsman.evaluation.intervals import Estimate
from pointsman.evaluation.outcomes import Floats
from pointsman.routers.names import SERVABLE
from pointsman.score.scorer import make_scorer

_FEW = 30


def main() -> None:
    """Read the arguments, find the threshold, say what it does."""
    options = _parser().parse_args()
    columns = dict(options.column)
    traffic = read_traffic(options.input, columns, options.weak_usd_per_1k, options.strong_usd_per_1k)
    score = make_scorer(options.router, options.params).score(traffic.texts).score
    if len(score) < _FEW:
        cli.say(f"warning: {len(score)} queries settle little; the intervals below are wide, hundreds narrow them")
    found = describe(_threshold(options, score, traffic), score, traffic.costs, traffic.labelled, seed=options.seed)
    if options.keep_quality is not None:
        fair = kept_on_other_queries(score, traffic.outcomes(), options.keep_quality, seed=options.seed)
        found = found._replace(quality_kept=fair)
    _say(found, traffic)
    if options.apply:
        cli.say(apply_threshold(Path(options.router), found.threshold))


def _threshold(options: argparse.Namespace, score: Floats, traffic: Traffic) -> float:
    if options.keep_quality is not None:
        return for_quality(score, traffic.outcomes(), options.keep_quality)
    if options.strong_share is not None:
        return for_strong_share(score, options.strong_share)
    return for_budget(score, *traffic.known_costs(), options.budget_usd_per_1k / 1000)


def _say(found: Calibrated, traffic: Traffic) -> None:
    cli.say(f"threshold {json.dumps(found.threshold)}, from {len(traffic.texts)} queries of {traffic.source}")
    cli.say(f"  sent to the strong model: {_shown(found.strong_share, '.1%')}")
    unknown = "unknown without labels" if traffic.labelled is None else "undefined: the strong model scores 0"
    cli.say(f"  quality kept:             {_shown(found.quality_kept, '.1%', unknown)}")
    cli.say(f"  USD for 1,000 queries:    {_shown(found.cost_per_query, '.4f', 'unknown without costs', 1000.0)}")


def _shown(estimate: Estimate, form: str, unknown: str = "undefined", factor: float = 1.0) -> str:
    if estimate.value is None:
        return unknown
    value = format(estimate.value * factor, form)
    if estimate.ci is None:
        return value
    low, high = (format(bound * factor, form) for bound in estimate.ci)
    return f"{value} (95 % interval {low} to {high})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pointsman.calibrate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--router", required=True, help=f"folder of a router, or {', '.join(SERVABLE)} for models/{{name}}")
    add("--input", type=Path, required=True, help="file of queries: .jsonl, .csv or .parquet")
    wish = parser.add_mutually_exclusive_group(required=True)
    wish.add_argument("--keep-quality", type=float, metavar="SHARE", help="of the strong model's quality, e.g. 0.95")
    wish.add_argument("--strong-share", type=float, metavar="SHARE", help="of queries sent to the strong model at most")
    wish.add_argument("--budget-usd-per-1k", type=float, metavar="USD", help="for 1,000 queries at most, on average")
    add("--weak-usd-per-1k", type=float, metavar="USD", help="cost of 1,000 weak answers, where rows bring none")
    add("--strong-usd-per-1k", type=float, metavar="USD", help="cost of 1,000 strong answers, where rows bring none")
    add_column_option(parser)
    add("--apply", action="store_true", help="write the threshold into the router's router.json")
    add("--seed", type=int, default=7, help="of the resampling (default 7)")
    add("--params", type=Path, default=PARAMS_FILE, help="settings of trained routers (default: params.yaml)")
    return parser


if __name__ == "__main__":
    cli.run(main)
