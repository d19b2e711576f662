"""Fit routers on other seeds, on fewer labels and on shuffled ones: reports/studies.json.

Does nothing unless conf asks for it: python -m pointsman.config.compose experiment=full

Example:
  python -m stages.studies
"""

from pathlib import Path

from tqdm import tqdm

from pointsman.cli import repository_root, run, say, take_no_arguments
from pointsman.config.digest import digest
from pointsman.config.params import load_params
from pointsman.evaluation.intervals import resample_weights
from pointsman.evaluation.judge import read_outcomes
from pointsman.llm.shelf import Asking
from pointsman.routers.context import make_context
from pointsman.routers.files import CODE, folder_sha256
from pointsman.routers.fitting import read_fit_data
from pointsman.studies.fits import HeldOut, planned, score
from pointsman.studies.summary import summarise
from pointsman.tables.embeddings import read_embeddings
from pointsman.tables.io import write_json
from pointsman.tables.schemas import DATASET, read_table

OUTPUT = Path("reports/studies.json")
KEPT = Path(".cache/studies")


def main() -> None:
    """Write what many fits say together."""
    take_no_arguments(__doc__)
    params = load_params()
    asking = Asking(params.llm, params.provider, params.weights)
    dataset = read_table(Path("data/dataset.parquet"), DATASET)
    data = read_fit_data(dataset, Path("data/embeddings.npy"))
    test = dataset[dataset["split"] == "test"].reset_index(drop=True)
    tested = HeldOut(test, read_embeddings(Path("data/embeddings.npy"), list(test["id"])))
    wanted = params.studies
    fits = planned(wanted.routers, wanted.seeds, wanted.labels, params.seed, len(data.train))
    rows = dataset[["id", "text", "split", "weak_score", "strong_score"]].to_dict("list")
    shaping = {"rows": rows, "router": params.router, "embedder": params.embedder, "seed": params.seed}
    shaping["code"] = folder_sha256(CODE, "*.py")  # scores of other code are not taken up again
    kept = repository_root() / KEPT / digest(shaping)[:12]
    scores = {
        fit: score(
            fit,
            data,
            tested,
            lambda name: make_context(name, params.router, params.embedder, params.seed, asking),
            kept,
        )
        for fit in tqdm(fits, desc="studies", unit="fit", disable=not fits)
    }
    outcomes = read_outcomes(test)
    weights = resample_weights(outcomes.n, params.evaluation.resamples, params.seed)
    write_json(OUTPUT, summarise(scores, outcomes, weights, params.evaluation.confidence))
    say(f"{OUTPUT}: {len(fits)} fits" + ("" if fits else ", none asked for; experiment=full asks for some"))


if __name__ == "__main__":
    run(main)
