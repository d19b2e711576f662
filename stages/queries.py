"""Generate or import queries, remove duplicates, assign family and split: data/queries.jsonl.

Example:
  python -m stages.queries
"""

from collections import Counter
from functools import partial
from pathlib import Path

from pointsman.cli import run, say, take_no_arguments
from pointsman.config.params import load_params
from pointsman.llm.client import ask
from pointsman.llm.shelf import Asking
from pointsman.llm.weights import fetch, model_hash
from pointsman.queries.collect import Tools, collect
from pointsman.tables.schemas import QUERIES, frame, write_table

QUERIES_FILE = Path("data/queries.jsonl")


def main() -> None:
    """Write data/queries.jsonl."""
    take_no_arguments(__doc__)
    params = load_params()
    asking = Asking(params.llm, params.provider, params.weights, stage="queries")
    tools = Tools(
        fetch=lambda name: fetch(name, params.weights[name]),
        ask=partial(ask, settings=asking, what="writing queries"),
        model_hash=lambda name: model_hash(name, params.weights),
    )
    collected = collect(params.queries, params.seed, tools)
    write_table(QUERIES_FILE, frame(collected.rows, QUERIES), QUERIES)
    categories = Counter(row["category"] for row in collected.rows)
    splits = Counter(row["split"] for row in collected.rows)
    say(f"{QUERIES_FILE}: {len(collected.rows)} queries; by category {dict(categories)}; by split {dict(splits)}")
    say(f"dropped {collected.exact} exact and {collected.near} near duplicates")


if __name__ == "__main__":
    run(main)
