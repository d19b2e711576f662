"""Join queries, responses and ratings: data/dataset.parquet and its summary data/dataset.json.

Example:
  python -m stages.dataset
"""

from pathlib import Path

from pointsman.cli import run, say, take_no_arguments
from pointsman.config.params import load_params
from pointsman.dataset.build import build
from pointsman.dataset.overlap import measure_overlap
from pointsman.dataset.summary import summarise, text_table
from pointsman.llm.providers import cost_unit
from pointsman.tables.embeddings import read_embeddings
from pointsman.tables.io import write_json
from pointsman.tables.schemas import DATASET, QUERIES, RATINGS, RESPONSES, ROLES, read_table, write_table


def main() -> None:
    """Write the dataset and print its table by category."""
    take_no_arguments(__doc__)
    params = load_params()
    queries = read_table(Path("data/queries.jsonl"), QUERIES)
    responses = {role: read_table(Path(f"data/responses/{role}.jsonl"), RESPONSES) for role in ROLES}
    ratings = read_table(Path("data/ratings.jsonl"), RATINGS)
    built = build(queries, responses, ratings, cost_unit(params.pair, params.provider))
    embeddings = read_embeddings(Path("data/embeddings.npy"), list(built.table["id"]))
    near = params.evaluation.near_train
    overlap = measure_overlap(built.table, embeddings, near.cosine, drop=near.drop)
    built = built._replace(table=overlap.table)
    summary = summarise(built, queries) | {"near_train": overlap.summary}
    write_table(Path("data/dataset.parquet"), built.table, DATASET)
    write_json(Path("data/dataset.json"), summary)
    say(text_table(summary))
    if summary["missing"]["queries"]:
        say(f"left out for want of a score: {summary['missing']}")
    found = ", ".join(f"{one['near']} of {one['n']} {split}" for split, one in overlap.summary["by_split"].items())
    done = "left out" if near.drop else "kept"
    say(f"{done}, with a train query at cosine {near.cosine} or above: {found}")


if __name__ == "__main__":
    run(main)
