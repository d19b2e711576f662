"""A role's table of responses: what the user brought, what a model answered, what failed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pointsman.errors import PointsmanError
from pointsman.llm.types import Answer


class CollectionError(PointsmanError):
    """Too many requests failed."""


def needs_answer(queries: pd.DataFrame, role: str) -> pd.Series:
    """Which queries still need that role's answer: neither a response nor a score or rating was given."""
    names = [f"{role}_{what}" for what in ("response", "score", "rating")]
    return pd.Series(
        [not any(name in given(row) for name in names) for row in queries["metadata"]], index=queries.index
    )


def given(metadata: Any) -> dict[str, Any]:
    """What the user's row brought: scores, ratings, responses, costs."""
    return dict(metadata.get("given", {})) if isinstance(metadata, dict) else {}


def response_rows(queries: pd.DataFrame, role: str, model: str, answers: Mapping[str, Answer]) -> list[dict[str, Any]]:
    """Rows of data/responses/{role}.jsonl, in the queries' order; a query with a given score and no response has none.

    Args:
        queries: the QUERIES table.
        role: weak or strong.
        model: name shown for answers of the model.
        answers: query id -> answer, for those that were asked.
    """
    rows = []
    for query_id, metadata in zip(queries["id"], queries["metadata"], strict=True):
        if query_id in answers:
            rows.append(_answered(query_id, model, answers[query_id]))
        elif f"{role}_response" in given(metadata):
            brought = given(metadata)
            rows.append({"id": query_id, "response": brought[f"{role}_response"], "cost": brought.get(f"{role}_cost")})
    return rows


def _answered(query_id: str, model: str, answer: Answer) -> dict[str, Any]:
    return {
        "id": query_id,
        "model": model,
        "response": answer.response,
        "finish_reason": answer.finish_reason,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "cost": answer.cost,
        "served_by": answer.served_by,
        "served_model": answer.served_model,
        "error": answer.error,
    }


def check_failures(rows: Sequence[Mapping[str, Any]], role: str, max_failed_share: float) -> None:
    """Raise CollectionError where a larger share of a role's answers failed than is allowed."""
    failed = [row for row in rows if row.get("error")]
    if rows and len(failed) / len(rows) > max_failed_share:
        raise CollectionError(
            f"{len(failed)} of {len(rows)} {role} answers failed, allowed are {max_failed_share:.1%} "
            f"(llm.max_failed_share); the first: {failed[0]['error']}. "
            "What was answered is kept in the cache: mend the cause and run dvc repro again, it asks only the rest"
        )


def collection_summary(answers: Mapping[str, Answer]) -> dict[str, Any]:
    """What differs from run to run: where answers came from, how long live ones took, what failed."""
    listed = list(answers.values())
    live = [a.latency_s for a in listed if a.origin == "live" and a.latency_s is not None]
    return {
        "asked": len(listed),
        "failed": dict(Counter(answer.error.partition(":")[0] for answer in listed if answer.error is not None)),
        "origin": {origin: sum(a.origin == origin for a in listed) for origin in ("recording", "cache", "live")},
        "prompt_tokens": sum(answer.prompt_tokens or 0 for answer in listed),
        "completion_tokens": sum(answer.completion_tokens or 0 for answer in listed),
        "cost": sum(answer.cost or 0.0 for answer in listed),
        "cut_at_max_tokens": sum(answer.finish_reason == "length" for answer in listed),
        "mean_live_latency_s": round(sum(live) / len(live), 3) if live else None,
    }
