"""Score every validation and test query with one router: reports/routers/{router}/scores.jsonl and its curves.

Example:
  python -m stages.evaluate --router bert
"""

from pathlib import Path

from pointsman.cli import make_parser, run, say
from pointsman.config.params import TRAINABLE, load_params
from pointsman.evaluation.plots import write_plots
from pointsman.llm.shelf import Asking
from pointsman.routers.context import make_context
from pointsman.routers.files import MODEL_FILE, folder_sha256
from pointsman.routers.registry import load
from pointsman.routers.scoring import held_out, score_rows
from pointsman.tables.embeddings import read_embeddings
from pointsman.tables.io import write_json
from pointsman.tables.schemas import DATASET, SCORES, read_table, write_table
from pointsman.timing import timed


def main() -> None:
    """Write one router's scores."""
    parser = make_parser(__doc__)
    parser.add_argument("--router", choices=TRAINABLE, required=True)
    name = parser.parse_args().router
    params = load_params()
    asking = Asking(params.llm, params.provider, params.weights, stage=f"evaluate@{name}")
    router = load(Path("models") / name, make_context(name, params.router, params.embedder, params.seed, asking))
    rows = held_out(read_table(Path("data/dataset.parquet"), DATASET))
    embeddings = read_embeddings(Path("data/embeddings.npy"), list(rows["id"]))
    with timed(Path(f"reports/timing/evaluate-{name}.json"), queries=len(rows)):
        table = score_rows(router, rows, embeddings)
    folder = Path("reports/routers") / name
    write_table(folder / "scores.jsonl", table, SCORES)
    write_plots(folder, rows, table)
    write_json(folder / MODEL_FILE, {"sha256": folder_sha256(Path("models") / name)})
    say(f"{folder}: {len(table)} queries scored")


if __name__ == "__main__":
    run(main)
