"""Fit and score what every learned router is compared with: models/knn/ and reports/routers/{baseline}/.

Example:
  python -m stages.baselines
"""

from pathlib import Path

from pointsman.cli import run, say, take_no_arguments
from pointsman.config.params import load_params
from pointsman.evaluation.plots import write_plots
from pointsman.llm.shelf import Asking
from pointsman.routers.baselines import fit, oracle
from pointsman.routers.context import make_context
from pointsman.routers.files import MODEL_FILE, folder_sha256
from pointsman.routers.fitted import save
from pointsman.routers.fitting import read_fit_data
from pointsman.routers.knn.router import KnnRouter
from pointsman.routers.names import COMPARED, SERVABLE
from pointsman.routers.scoring import held_out, score_rows, scores_table
from pointsman.tables.embeddings import read_embeddings
from pointsman.tables.io import atomic_folder, write_json
from pointsman.tables.schemas import DATASET, SCORES, read_table, write_table
from pointsman.timing import timed


def main() -> None:
    """Write kNN's model and every baseline's scores."""
    take_no_arguments(__doc__)
    params = load_params()
    asking = Asking(params.llm, params.provider, params.weights)
    dataset = read_table(Path("data/dataset.parquet"), DATASET)
    data = read_fit_data(dataset, Path("data/embeddings.npy"))
    rows = held_out(dataset)
    embeddings = read_embeddings(Path("data/embeddings.npy"), list(rows["id"]))
    for name in COMPARED:
        if name == "oracle":
            table = scores_table(rows, oracle(rows["gain"]))
        else:
            context = make_context(name, params.router, params.embedder, params.seed, asking)
            with timed(Path(f"reports/timing/train-{name}.json"), queries=len(data.train)):
                router = fit(name, data, context)
            table = score_rows(router, rows, embeddings)
        folder = Path("reports/routers") / name
        write_table(folder / "scores.jsonl", table, SCORES)
        write_plots(folder, rows, table)
        if name in SERVABLE and isinstance(router, KnnRouter):
            with atomic_folder(Path("models/knn")) as made:
                save(router, made, context)
            write_json(folder / MODEL_FILE, {"sha256": folder_sha256(Path("models/knn"))})
    say(f"reports/routers: {', '.join(COMPARED)} scored on {len(rows)} queries")


if __name__ == "__main__":
    run(main)
