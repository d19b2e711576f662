"""A model writes queries for the categories and seed topics that conf lists."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pointsman.config.queries import LlmSource
from pointsman.llm.types import Answer, Request
from pointsman.queries.base import Query
from pointsman.tables.io import TableError

Ask = Callable[[Sequence[Request]], list[Answer]]

_PROMPT = Path("prompts/queries.txt")


def generate(config: LlmSource, seed: int, *, ask: Ask, model_hash: str | None) -> Iterator[Query]:
    """Yield what the model wrote, in the order of conf; unusable answers are counted in the error only if all are.

    Raises:
        TableError: no answer held a single query.
    """
    topics = [(category, topic) for category, names in config.categories.items() for topic in names]
    template = _PROMPT.read_text("utf-8")
    answers = ask([_request(config, category, topic, template, seed, model_hash) for category, topic in topics])
    found = False
    for (category, topic), answer in zip(topics, answers, strict=True):
        for prompt in parse_queries(answer.response or ""):
            found = True
            yield Query(
                prompt=prompt,
                category=category,
                family=f"{category}: {topic}",
                source="llm",
                metadata={"written_by": config.model},
            )
    if not found:
        errors = sorted({answer.error for answer in answers if answer.error}) or ["answers without a query in them"]
        raise TableError(f"{config.model} wrote no query for {len(topics)} topics: {errors[0]}")


def parse_queries(response: str) -> list[str]:
    """The queries in an answer: JSON {"queries": [...]}, in prose or fences or cut short, or else a numbered list."""
    start = response.find("{")
    if start >= 0:
        try:
            value, _ = json.JSONDecoder().raw_decode(response[start:])
            listed = value.get("queries", [])
        except json.JSONDecodeError:
            # A cut answer still holds whole strings after the key.
            listed = [json.loads(text) for text in re.findall(r'"(?:[^"\\]|\\.)*"(?=\s*[,\]])', response[start:])]
    else:
        listed = re.findall(r"^\s*(?:\d+[.)]|[-*])\s+(.+)$", response, flags=re.MULTILINE)
    return [text.strip() for text in listed if isinstance(text, str) and text.strip()]


def _request(config: LlmSource, category: str, topic: str, template: str, seed: int, model_hash: str | None) -> Request:
    try:
        content = template.format(count=config.per_topic, category=category, topic=topic)
    except (LookupError, ValueError) as problem:
        raise TableError(
            f"{_PROMPT} cannot be filled in: {problem!r}. It may use {{count}}, {{category}} and {{topic}}; "
            "write {{{{ and }}}} for braces"
        ) from problem
    schema = {
        "type": "object",
        "properties": {"queries": {"type": "array", "items": {"type": "string"}, "maxItems": config.per_topic}},
        "required": ["queries"],
        "additionalProperties": False,
    }
    return Request(
        provider=config.provider,
        model=config.model,
        messages=({"role": "user", "content": content},),
        max_tokens=config.max_tokens,
        temperature=config.temperature,
        model_hash=model_hash,
        response_format={"type": "json_schema", "json_schema": {"name": "queries", "strict": True, "schema": schema}},
        extra={"seed": seed},
    )
