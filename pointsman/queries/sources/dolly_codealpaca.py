"""Prompts of Dolly (general) and CodeAlpaca (coding), from the hub or from local JSONL files of the same shape."""

from collections.abc import Iterator
from pathlib import Path

from pointsman.config.queries import DollyCodeAlpacaSource
from pointsman.queries.base import Query
from pointsman.tables.io import TableError


def generate(config: DollyCodeAlpacaSource, seed: int) -> Iterator[Query]:
    """Yield `count` prompts of each, a sample without replacement.

    Raises:
        TableError: a data set cannot be had or lacks its columns.
    """
    yield from _sample(config.dolly, "context", config.count, seed, category="general", family="dolly")
    yield from _sample(config.codealpaca, "input", config.count, seed, category="coding", family="codealpaca")


def _sample(name: str, extra: str, count: int, seed: int, *, category: str, family: str) -> Iterator[Query]:
    import datasets

    try:
        if Path(name).exists():
            table = datasets.load_dataset("json", data_files=name, split="train")
        else:
            table = datasets.load_dataset(name, split="train")
    except (OSError, ConnectionError, ValueError, datasets.exceptions.DatasetsError) as problem:
        raise TableError(
            f"data set {name!r} cannot be read: {problem}. It needs the model hub; or set queries.sources to a "
            "local JSONL file of the same columns"
        ) from problem
    missing = {"instruction", extra} - set(table.column_names)
    if missing:
        raise TableError(f"data set {name!r} lacks {sorted(missing)}; found {table.column_names}")
    for row in table.shuffle(seed=seed).select(range(min(count, len(table)))):
        parts = [(row["instruction"] or "").strip(), (row[extra] or "").strip()]
        prompt = "\n\n".join(part for part in parts if part)
        if prompt:
            yield Query(
                prompt=prompt,
                category=category,
                family=str(row["category"]) if row.get("category") else family,
                source=family,
            )
