"""Choose router and threshold without the test split, judge every router on test: reports/winner.json, metrics.json.

Example:
  python -m stages.select
"""

from pathlib import Path

from pointsman.cli import run, say, take_no_arguments
from pointsman.config.params import load_params
from pointsman.evaluation.judge import judge
from pointsman.routers.files import MODEL_FILE
from pointsman.routers.names import COMPARED, SERVABLE
from pointsman.tables.io import read_json, write_json
from pointsman.tables.schemas import DATASET, SCORES, read_table
from pointsman.timing import collect_timings


def main() -> None:
    """Write the winner, the metrics and what a clock measured."""
    take_no_arguments(__doc__)
    params = load_params()
    dataset = read_table(Path("data/dataset.parquet"), DATASET)
    names = [*params.routers, *COMPARED]
    scores = {name: read_table(Path(f"reports/routers/{name}/scores.jsonl"), SCORES) for name in names}
    judgement = judge(
        dataset,
        scores,
        set(SERVABLE) & set(names),
        quality=params.selection.quality,
        resamples=params.evaluation.resamples,
        confidence=params.evaluation.confidence,
        seed=params.seed,
    )
    # The model's hash stands in winner.json so that `package` depends on the winner's model, whichever it is.
    model = read_json(Path("reports/routers") / judgement.winner["router"] / MODEL_FILE)
    write_json(Path("reports/winner.json"), judgement.winner | {"model_sha256": model["sha256"]})
    write_json(Path("reports/metrics.json"), judgement.metrics)
    write_json(Path("reports/timing.json"), collect_timings(Path("reports/timing")))
    winner = judgement.metrics["winner"]
    say(f"winner: {winner['router']} at threshold {winner['threshold']:.3f}")
    for warning in judgement.winner["warnings"]:
        say(f"warning: {warning}")


if __name__ == "__main__":
    run(main)
