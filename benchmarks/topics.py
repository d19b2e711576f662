"""How well the semantic router, without labels, tells coding prompts from all others.

Its route examples were written and its settings chosen before these prompts were looked at.

Example:
    python -m benchmarks.topics
"""

import argparse
from pathlib import Path

import numpy as np

from pointsman.config.params import PARAMS_FILE, load_params
from pointsman.llm.shelf import Asking
from pointsman.routers.context import make_embedder
from pointsman.routers.semantic.router import from_routes
from pointsman.tables.io import read_lines

PROMPTS = Path(__file__).with_name("topics.jsonl")


def main() -> None:
    """Print the share of prompts that get the right route, and both kinds of errors."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    params = load_params(PARAMS_FILE)
    embed = make_embedder(params.embedder, Asking(params.llm, params.provider, params.weights))
    rows = list(read_lines(PROMPTS))
    is_coding = np.array([row["kind"] == "coding" for row in rows])
    routes = from_routes(params.router.semantic, embed).routes([row["prompt"] for row in rows])
    said_coding = np.array([route == "coding" for route in routes])
    print(f"{len(rows)} prompts, {is_coding.sum()} of them coding; {params.embedder.weights}, no labels")
    print(f"right             {np.mean(said_coding == is_coding):.3f}")
    print(f"coding missed     {np.mean(~said_coding[is_coding]):.3f}")
    print(f"others as coding  {np.mean(said_coding[~is_coding]):.3f}")


if __name__ == "__main__":
    main()
