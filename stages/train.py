"""Fit a router on the train split and calibrate it on validation: models/{router}/.

Examples:
  python -m stages.train --router semantic
  accelerate launch --multi_gpu --num_processes 2 -m stages.train --router bert
"""

from pathlib import Path

from pointsman.cli import make_parser, run, say
from pointsman.config.params import TRAINABLE, load_params
from pointsman.llm.shelf import Asking
from pointsman.routers.context import make_context
from pointsman.routers.fitted import save
from pointsman.routers.fitting import read_fit_data
from pointsman.routers.registry import fit
from pointsman.tables.io import atomic_folder
from pointsman.tables.schemas import DATASET, read_table
from pointsman.timing import timed


def main() -> None:
    """Write the fitted router."""
    parser = make_parser(__doc__)
    parser.add_argument("--router", choices=TRAINABLE, required=True)
    name = parser.parse_args().router
    params = load_params()
    asking = Asking(params.llm, params.provider, params.weights, stage=f"train@{name}")
    context = make_context(name, params.router, params.embedder, params.seed, asking)
    data = read_fit_data(read_table(Path("data/dataset.parquet"), DATASET), Path("data/embeddings.npy"))
    with timed(Path(f"reports/timing/train-{name}.json"), queries=len(data.train)):
        router = fit(name, data, context)
    with atomic_folder(Path("models") / name) as folder:  # of several processes, the first fills it
        save(router, folder, context)
    say(f"models/{name}: made from {len(data.train)} train and {len(data.validation)} validation queries")


if __name__ == "__main__":
    run(main)
