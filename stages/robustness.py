"""Reword the test queries and see which routes change: reports/robustness.json.

Example:
  python -m stages.robustness
"""

from pathlib import Path

from pointsman.cli import run, say, take_no_arguments
from pointsman.config.params import load_params
from pointsman.evaluation.judge import read_outcomes
from pointsman.robustness.changes import CHANGES
from pointsman.robustness.measure import measure_robustness
from pointsman.routers import packaged
from pointsman.tables.io import write_json
from pointsman.tables.schemas import DATASET, read_table

OUTPUT = Path("reports/robustness.json")


def main() -> None:
    """Write how the packaged router takes other wordings."""
    take_no_arguments(__doc__)
    params = load_params()
    dataset = read_table(Path("data/dataset.parquet"), DATASET)
    test = dataset[dataset["split"] == "test"]
    router = packaged.load(Path("models/router"), device="cpu")
    found = measure_robustness(
        lambda texts: router.scores(texts).score,
        list(test["text"]),
        read_outcomes(test),
        router.threshold,
        CHANGES,
        resamples=params.evaluation.resamples,
        confidence=params.evaluation.confidence,
        seed=params.seed,
    )
    write_json(OUTPUT, found)
    worst = max(found["changes"], key=lambda name: found["changes"][name]["flipped"])
    say(f"{OUTPUT}: most routes change with {worst!r}, {found['changes'][worst]['flipped']:.1%} of {found['n']}")


if __name__ == "__main__":
    run(main)
