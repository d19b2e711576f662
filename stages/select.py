"""Choose router and threshold without the test split, judge every router on test: reports/winner.json, metrics.json."""

from pathlib import Path

from pointsman.routers.registry import BASELINES, SERVABLE

from pointsman.cli import run, say
from pointsman.config.params import load_params
from pointsman.evaluation.judge import judge
from pointsman.tables.io import write_json
from pointsman.tables.schemas import DATASET, SCORES, read_table
from pointsman.timing import collect_timings


def main() -> None:
    """Write the winner, the metrics and what a clock measured."""
    params = load_params()
    dataset = read_table(Path("data/dataset.parquet"), DATASET)
    names = [*params.routers, *BASELINES]
    scores = {name: read_table(Path(f"reports/routers/{name}/scores.jsonl"), SCORES) for name in names}
    judgement = judge(
        dataset,
        scores,
        SERVABLE & set(names),
        quality=params.selection.quality,
        resamples=params.evaluation.resamples,
        confidence=params.evaluation.confidence,
        seed=params.seed,
    )
    write_json(Path("reports/winner.json"), judgement.winner)
    write_json(Path("reports/metrics.json"), judgement.metrics)
    write_json(Path("reports/timing.json"), collect_timings(Path("reports/timing")))
    winner = judgement.metrics["winner"]
    say(f"winner: {winner['router']} at threshold {winner['threshold']:.3f}")
    for warning in judgement.winner["warnings"]:
        say(f"warning: {warning}")


if __name__ == "__main__":
    run(main)
