"""From the configured sources to the finished table of queries."""

import hashlib
import importlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pointsman.config.queries import FileSource, LlmSource, OpenAIEvalsSource, QueriesConfig, Source
from pointsman.llm.types import Answer, Request
from pointsman.queries.base import Query
from pointsman.queries.deduplicate import deduplicate
from pointsman.queries.split import assign_splits
from pointsman.tables.io import TableError


@dataclass(frozen=True)
class Tools:
    """What some sources need from outside: an archive by its name, a model's answers, a model's hash."""

    fetch: Callable[[str], Path]
    ask: Callable[[Sequence[Request]], list[Answer]]
    model_hash: Callable[[str], str | None]


class Collected(NamedTuple):
    """Rows for data/queries.jsonl and how many queries went as duplicates."""

    rows: list[dict[str, Any]]
    exact: int
    near: int


def collect(config: QueriesConfig, seed: int, tools: Tools) -> Collected:
    """Generate or import queries, drop duplicates, cut to `limit`, assign splits.

    Raises:
        TableError: a source's input is not what it should be, or nothing is left.
    """
    generated = [query for source in config.sources for query in _generate(source, config, seed, tools)]
    kept = deduplicate(generated, config.near_duplicate_similarity)
    queries = kept.queries if config.limit is None else _spread(kept.queries, config.limit, seed)
    if not queries:
        raise TableError(f"no queries are left of {len(generated)} after de-duplication; see queries.sources")
    _check_prompts(queries, config.max_prompt_chars)
    splits = assign_splits(queries, config.splits, config.unseen_share, seed)
    rows = [_row(query, split) for query, split in zip(queries, splits, strict=True)]
    return Collected(rows, kept.exact, kept.near)


def _generate(source: Source, config: QueriesConfig, seed: int, tools: Tools) -> Iterator[Query]:
    module = importlib.import_module(f"pointsman.queries.sources.{source.kind}")
    if isinstance(source, FileSource):
        renamed = {ours: theirs for ours, theirs in config.columns.items() if theirs is not None}
        yield from module.generate(Path(config.path), renamed, config.max_prompt_chars)
    elif isinstance(source, OpenAIEvalsSource):
        yield from module.generate(source, seed, archive=_only_file(tools.fetch(source.weights)))
    elif isinstance(source, LlmSource):
        yield from module.generate(source, seed, ask=tools.ask, model_hash=tools.model_hash(source.model))
    else:
        yield from module.generate(source, seed)


def _only_file(folder: Path) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.suffix == ".whl")


def _spread(queries: Sequence[Query], limit: int, seed: int) -> list[Query]:
    """At most `limit` queries, taken in turns from the families, in an order that depends on the seed alone."""
    families: dict[str, list[Query]] = defaultdict(list)
    for query in sorted(queries, key=lambda q: hashlib.sha256(f"{seed}\0{q.id}".encode()).hexdigest()):
        families[query.family].append(query)
    turns = sorted((place, name, query.id) for name, members in families.items() for place, query in enumerate(members))
    chosen = {query_id for _, _, query_id in turns[:limit]}
    return [query for query in queries if query.id in chosen]


def _check_prompts(queries: Sequence[Query], max_prompt_chars: int) -> None:
    for query in queries:
        if len(query.prompt) > max_prompt_chars:
            raise TableError(
                f"query {query.id} of {query.source}: {len(query.prompt):,} characters, expected at most "
                f"{max_prompt_chars:,} (queries.max_prompt_chars)"
            )


def _row(query: Query, split: str) -> dict[str, Any]:
    metadata = dict(query.metadata)
    if query.template:
        metadata["template"] = query.template
    if query.given:
        metadata["given"] = query.given
    return {
        "id": query.id,
        "prompt": query.prompt,
        "category": query.category,
        "family": query.family,
        "source": query.source,
        "difficulty": query.difficulty,
        "split": split,
        "reference": query.reference,
        "messages": query.messages,
        "metadata": metadata or None,
    }
