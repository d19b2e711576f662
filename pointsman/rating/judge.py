"""Rating answers with a model, where no reference can: LLM-as-a-judge (arXiv 2306.05685), one answer at a time."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from pointsman.config.rating import JudgeConfig
from pointsman.errors import PointsmanError
from pointsman.llm.types import Answer, Request

RATINGS = (1, 2, 3, 4, 5)
_FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "rating",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {
                "rationale": {"type": "string", "description": "One or two sentences"},
                "rating": {"type": "integer", "enum": list(RATINGS)},
            },
            "required": ["rationale", "rating"],
            "additionalProperties": False,
        },
    },
}
_BARE = re.compile(r"\W*(?:rating|score)?\W*(?P<rating>\d+(?:\.\d+)?)\s*(?:/\s*5|out of 5)?\W*", re.IGNORECASE)
_LONGEST_RATIONALE_CHARS = 2_000


class JudgeError(PointsmanError):
    """The judge's prompt cannot be used, or its verdict cannot be read."""


@dataclass(frozen=True)
class Judgement:
    """A rating from 1 to 5 and why."""

    rating: int
    rationale: str

    @property
    def score(self) -> float:
        """The rating on the scale from 0 to 1."""
        return (self.rating - 1) / 4


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
    contain, and are put in by a template that reads nothing in them.

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
    if config.candidate is None:
        raise JudgeError(NO_JUDGE)
    mark = hashlib.sha256(f"{query}\0{response}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    values = {"mark": mark, "query": query, "answer": response, "reference": _guide(reference)}
    used = Template(template)
    if set(used.get_identifiers()) != set(values) or not used.is_valid():
        raise JudgeError(
            f"{config.prompt} has the placeholders {sorted(set(used.get_identifiers()))}, expected {sorted(values)}; "
            "write $$ for a dollar sign"
        )
    return Request(
        provider=config.candidate.provider,
        model=config.candidate.model,
        messages=({"role": "user", "content": used.substitute(values)},),
        max_tokens=config.max_tokens,
        model_hash=model_hash,
        response_format=_FORMAT,
    )


NO_JUDGE = (
    "no judge is named; set rating.judge.candidate in conf/rating, e.g. "
    "python -m pointsman.config.compose rating=judge "
    "'rating.judge.candidate={provider: openrouter, model: openai/gpt-oss-120b}'"
)


def read_judgement(answer: Answer) -> Judgement:
    """The rating in a judge's answer.

    Raises:
        JudgeError: the judge failed, gave no rating, or one that is not 1, 2, 3, 4 or 5.
    """
    if answer.error is not None or answer.response is None:
        raise JudgeError(f"the judge did not answer: {answer.error}")
    found = _object_in(answer.response)
    if found is None:
        bare = _BARE.fullmatch(answer.response.strip())
        found = {"rating": bare["rating"]} if bare else {}
    if "rating" not in found:
        raise JudgeError(f"the judge gave no rating: {answer.response[:120]!r}")
    return Judgement(_rating(found["rating"]), str(found.get("rationale") or "").strip()[:_LONGEST_RATIONALE_CHARS])


def _rating(value: Any) -> int:
    try:
        number = float(value) if not isinstance(value, bool) else 0.0
    except (TypeError, ValueError):
        number = 0.0
    if number not in RATINGS:
        raise JudgeError(f"the judge's rating is {value!r}, expected one of {', '.join(map(str, RATINGS))}")
    return int(number)


def _object_in(text: str) -> dict[str, Any] | None:
    """The first JSON object in a text that may have fences or prose around it."""
    for start in (match.start() for match in re.finditer(r"\{", text)):
        try:
            found, _ = json.JSONDecoder().raw_decode(text[start:])
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None


def _guide(reference: Mapping[str, Any] | None) -> str:
    answer = reference.get("answer") if reference else None
    if isinstance(answer, str | int | float):
        return str(answer)
    return "\n".join(map(str, answer)) if isinstance(answer, list) else "none is known"
