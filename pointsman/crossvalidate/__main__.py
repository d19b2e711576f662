r"""Cross-validate routers on labelled queries: how well each picks the queries that need the strong model.

Examples:
  python -m pointsman.crossvalidate --input labelled.csv
  python -m pointsman.crossvalidate --input outcomes.parquet --folds 5 --routers bert knn length \
      --column weak_score=small_ok --column strong_score=large_ok --output reports/crossvalidation.json

Every row needs a prompt, weak_score and strong_score (or ratings). Settings come from params.yaml. A run that was
stopped goes on where it was.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pointsman import cli
from pointsman.calibrate.traffic import add_column_option, read_traffic
from pointsman.config.digest import digest
from pointsman.config.params import PARAMS_FILE, Params, load_params
from pointsman.crossvalidate.folds import assign_folds, rank_within, to_dataset
from pointsman.crossvalidate.run import score_folds
from pointsman.evaluation.apgr import apgr
from pointsman.evaluation.calibration_metrics import brier, ece
from pointsman.evaluation.curves import trace_curve
from pointsman.evaluation.intervals import resample_weights
from pointsman.evaluation.outcomes import Floats, Outcomes
from pointsman.evaluation.summary import compare_apgr, evaluate_router, warn_of_outcomes
from pointsman.llm.shelf import Asking
from pointsman.report.numbers import plain, with_ci
from pointsman.routers.context import make_context, make_embedder
from pointsman.routers.files import CODE, folder_sha256
from pointsman.routers.names import COMPARED, SERVABLE
from pointsman.tables.io import write_json

_AGAINST = "length"


def main() -> None:
    """Read the arguments, fit and score, print the table."""
    options = _parser().parse_args()
    params = load_params(options.params)
    traffic = read_traffic(options.input, dict(options.column), None, None)
    table = to_dataset(traffic)
    folds = assign_folds(traffic.texts, options.folds, options.seed)
    asking = Asking(params.llm, params.provider, params.weights)
    embeddings = make_embedder(params.embedder, asking)(traffic.texts)
    routers = list(dict.fromkeys([*options.routers, _AGAINST]))
    scores = score_folds(
        routers,
        table,
        embeddings,
        folds,
        lambda name: replace(make_context(name, params.router, params.embedder, params.seed, asking), quiet=True),
        _partial(options.output, table, params, options),
    )
    result = measure(scores, traffic.outcomes(), folds, params)
    write_json(options.output, result)
    for warning in result["warnings"]:
        cli.say(f"warning: {warning}")
    cli.say(_table(result))
    cli.say(f"{options.output}: {len(table)} queries, {options.folds} folds")


def measure(
    scores: Mapping[str, Floats], outcomes: Outcomes, folds: NDArray[np.intp], params: Params
) -> dict[str, Any]:
    """Each router's measures over all queries, its APGR in each fold, and its difference to query length.

    Each fold's router has a scale of its own. So queries are ranked within their fold before the folds are put
    together: every fold sends the same share to strong. Brier and ECE are those of the calibrated scores.
    """
    evaluation = params.evaluation
    weights = resample_weights(outcomes.n, evaluation.resamples, params.seed)
    ranks = {name: rank_within(score, folds) for name, score in scores.items()}
    return {
        "n": outcomes.n,
        "folds": int(folds.max()) + 1,
        "weak_score": float(outcomes.weak_score.mean()),
        "strong_score": float(outcomes.strong_score.mean()),
        "warnings": warn_of_outcomes(outcomes, weights, evaluation.confidence),
        "routers": {
            name: evaluate_router(ranks[name], outcomes, weights, confidence=evaluation.confidence)
            | {
                "brier": brier(score, outcomes.needs_strong),
                "ece": ece(score, outcomes.needs_strong),
                "apgr_of_folds": [
                    apgr(trace_curve(score[folds == fold], outcomes.take(folds == fold)))
                    for fold in range(int(folds.max()) + 1)
                ],
                f"vs_{_AGAINST}": compare_apgr(ranks[name], ranks[_AGAINST], outcomes, weights, evaluation.confidence),
            }
            for name, score in scores.items()
        },
    }


def _table(result: Mapping[str, Any]) -> str:
    lines = [f"{'router':12}  {'APGR':22}  {'mean of folds':13}  {'11-point':8}  AUROC  against {_AGAINST}"]
    ranked = sorted(result["routers"].items(), key=lambda item: -(item[1]["apgr"] or 0.0))
    for name, found in ranked:
        of_folds = [value for value in found["apgr_of_folds"] if value is not None]
        mean = sum(of_folds) / len(of_folds) if of_folds else None
        few = "" if len(of_folds) in (0, result["folds"]) else f" (of {len(of_folds)})"
        versus = found[f"vs_{_AGAINST}"]
        lines.append(
            f"{name:12}  {with_ci(found['apgr'], found['apgr_ci']):22}  {plain(mean) + few:13}  "
            f"{plain(found['apgr_routellm']):8}  {plain(found['auroc']):5}  "
            f"{with_ci(versus['apgr_diff'], versus['ci'])}"
        )
    return "\n".join(lines)


def _partial(output: Path, table: pd.DataFrame, params: Params, options: argparse.Namespace) -> Path:
    """Where finished folds wait; another one for other queries, settings or routers' code."""
    shaping = {
        "queries": table[["text", "weak_score", "strong_score"]].to_dict("list"),
        "router": params.router,
        "embedder": params.embedder,
        "seed": [params.seed, options.seed, options.folds],
        "code": folder_sha256(CODE, "*.py"),
    }
    return output.with_name(f"{output.name}.{digest(shaping)[:12]}.partial")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pointsman.crossvalidate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    names = sorted({*SERVABLE, *COMPARED} - {"oracle"})
    add("--input", type=Path, required=True, help="labelled queries: .jsonl, .csv or .parquet")
    add("--folds", type=int, default=5, help="how many (default 5)")
    add("--routers", nargs="+", choices=names, default=list(SERVABLE), help=f"default: {' '.join(SERVABLE)}")
    add_column_option(parser)
    add("--seed", type=int, default=7, help="of the folds (default 7)")
    add("--output", type=Path, default=Path("reports/crossvalidation.json"))
    add("--params", type=Path, default=PARAMS_FILE, help="settings (default: params.yaml)")
    return parser


if __name__ == "__main__":
    cli.run(main)
