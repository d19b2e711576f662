"""What the judge is asked: LLM-as-a-judge (arXiv 2306.05685), about one answer or about two."""

import hashlib
from collections.abc import Mapping
from string import Template
from typing import Any

from pointsman.config.rating import JudgeConfig
from pointsman.errors import PointsmanError
from pointsman.llm.types import Request

RATINGS = (1, 2, 3, 4, 5)
BETTER = ("A", "B", "tie")

NO_JUDGE = (
    "no judge is named; set rating.judge.candidate in conf/rating, e.g. "
    "python -m pointsman.config.compose rating=judge "
    "'rating.judge.candidate={provider: openrouter, model: openai/gpt-oss-120b}'"
)


class JudgeError(PointsmanError):
    """The judge's prompt cannot be used, or its verdict cannot be read."""


def judge_request(
    config: JudgeConfig,
    template: str,
    query: str,
    response: str,
    *,
    reference: Mapping[str, Any] | None = None,
    model_hash: str | None = None,
) -> Request:
    """What the judge is asked about one response.

    Query and answer are hostile text: they stand between marks that hold a hash of both, which neither can
    contain, and are put in by a template that reads nothing in them. The answer's author is not named.

    Args:
        config: names the judge.
        template: the rubric with $mark, $query, $answer and $reference.
        query: the user's text.
        response: the answer that is rated.
        reference: where there is one, its answer guides the judge.
        model_hash: of a local judge's weights.

    Raises:
        JudgeError: no judge is named, or the template has an unknown or no placeholder.
    """
    texts = {"query": query, "answer": response}
    values = {"rating": {"type": "integer", "enum": list(RATINGS)}}
    return _request(config, config.prompt, template, texts, values, reference, model_hash)


def comparison_request(
    config: JudgeConfig,
    template: str,
    query: str,
    first: str,
    second: str,
    *,
    reference: Mapping[str, Any] | None = None,
    model_hash: str | None = None,
) -> Request:
    """What the judge is asked about two responses, as answers A and B; else as `judge_request`.

    Raises:
        JudgeError: no judge is named, or the template has an unknown or no placeholder.
    """
    texts = {"query": query, "first": first, "second": second}
    values = {"better": {"type": "string", "enum": list(BETTER)}}
    return _request(config, config.pairwise_prompt, template, texts, values, reference, model_hash)


def _request(
    config: JudgeConfig,
    file: str,
    template: str,
    texts: Mapping[str, str],
    values: Mapping[str, Any],
    reference: Mapping[str, Any] | None,
    model_hash: str | None,
) -> Request:
    if config.candidate is None:
        raise JudgeError(NO_JUDGE)
    mark = hashlib.sha256("\0".join(texts.values()).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    filled = {"mark": mark, "reference": guide(reference) or "none is known", **texts}
    used = Template(template)
    if set(used.get_identifiers()) != set(filled) or not used.is_valid():
        raise JudgeError(
            f"{file} has the placeholders {sorted(set(used.get_identifiers()))}, expected {sorted(filled)}; "
            "write $$ for a dollar sign"
        )
    return Request(
        provider=config.candidate.provider,
        model=config.candidate.model,
        messages=({"role": "user", "content": used.substitute(filled)},),
        max_tokens=config.max_tokens,
        model_hash=model_hash,
        response_format=_schema({"rationale": {"type": "string", "description": "One or two sentences"}, **values}),
    )


def _schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": schema}}


def guide(reference: Mapping[str, Any] | None) -> str | None:
    """The answer that a reference holds, as text; null where it holds none, such as checks of code."""
    answer = reference.get("answer") if reference else None
    if isinstance(answer, str | int | float):
        return str(answer)
    return "\n".join(map(str, answer)) if isinstance(answer, list) else None
