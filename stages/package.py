"""Turn the winner into the servable folder: models/router/.

Example:
  python -m stages.package
"""

from functools import partial
from pathlib import Path

from pointsman.cli import run, say, take_no_arguments
from pointsman.config.params import load_params
from pointsman.config.serving import SERVING_FILE, pack_serving
from pointsman.evaluation.apgr import apgr
from pointsman.evaluation.curves import trace_curve
from pointsman.evaluation.judge import read_outcomes
from pointsman.evaluation.outcomes import Floats, Outcomes
from pointsman.llm.shelf import Asking
from pointsman.routers.card import Card
from pointsman.routers.context import make_embedder
from pointsman.routers.fitting import encoder_config
from pointsman.tables.io import read_json
from pointsman.tables.schemas import DATASET, read_table


def main() -> None:
    """Write models/router."""
    take_no_arguments(__doc__)
    from pointsman.routers.package import package  # imports torch

    params = load_params()
    winner, metrics = read_json(Path("reports/winner.json")), read_json(Path("reports/metrics.json"))
    dataset = read_table(Path("data/dataset.parquet"), DATASET)
    validation = dataset[dataset["split"] == "validation"]
    name = winner["router"]
    asking = Asking(params.llm, params.provider, params.weights)
    encoder = encoder_config(name, params.router, params.embedder)
    card = Card(
        weak=params.pair.weak.model,
        strong=params.pair.strong.model,
        counts={str(split): int(count) for split, count in dataset["split"].value_counts().sort_index().items()},
        metrics=metrics["test"]["routers"][name],
        base=params.router.bert.base if name == "bert" else encoder.weights,
    )
    serving = pack_serving(params.serving, params.pair, params.provider)
    manifest = package(
        Path("models") / name,
        Path("models/router"),
        threshold=winner["threshold"],
        texts=list(validation["text"]),
        card=card,
        embedder=None if name == "bert" else make_embedder(encoder, asking),
        metric=partial(_validation_apgr, outcomes=read_outcomes(validation)),
        extras={SERVING_FILE: serving.model_dump(mode="json")},
    )
    say(f"models/router: {name}, {manifest['onnx']}, threshold {manifest['threshold']:.3f}")


def _validation_apgr(score: Floats, outcomes: Outcomes) -> float | None:
    return apgr(trace_curve(score, outcomes))


if __name__ == "__main__":
    run(main)
