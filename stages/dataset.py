"""Join queries, responses and ratings: data/dataset.parquet and its summary data/dataset.json.

Example:
  python -m stages.dataset
"""

from pathlib import Path

from pointsman.cli import run, say, take_no_arguments
from pointsman.config.params import load_params
from pointsman.dataset.build import build
from pointsman.dataset.summary import summarise, text_table
from pointsman.llm.providers import cost_unit
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
    summary = summarise(built, queries)
    write_table(Path("data/dataset.parquet"), built.table, DATASET)
    write_json(Path("data/dataset.json"), summary)
    say(text_table(summary))
    if summary["missing"]["queries"]:
        say(f"left out for want of a score: {summary['missing']}")


if __name__ == "__main__":
    run(main)
