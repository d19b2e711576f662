"""Embed every query once, for all who use it: data/embeddings.npy.

Example:
  python -m stages.embed
"""

from pathlib import Path

from pointsman.cli import run, say, take_no_arguments
from pointsman.config.params import load_params
from pointsman.llm.weights import resolve
from pointsman.routers.base import router_text
from pointsman.routers.embedding import Embedder
from pointsman.tables.embeddings import write_embeddings
from pointsman.tables.schemas import QUERIES, read_table


def main() -> None:
    """Write the sentence embeddings, shape (queries, dimensions), float32, unit length."""
    take_no_arguments(__doc__)
    params = load_params()
    queries = read_table(Path("data/queries.jsonl"), QUERIES)
    texts = [router_text(prompt, said) for prompt, said in zip(queries["prompt"], queries["messages"], strict=True)]
    encoder = params.embedder
    weights = resolve(encoder.weights, params.weights)
    embed = Embedder(weights, encoder.max_tokens, encoder.batch_size, layers=encoder.layers, quiet=False)
    vectors = embed(texts)
    write_embeddings(Path("data/embeddings.npy"), list(queries["id"]), vectors)
    say(f"data/embeddings.npy: {vectors.shape[0]} queries, {vectors.shape[1]} dimensions")


if __name__ == "__main__":
    run(main)
