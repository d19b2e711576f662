"""Reading the judge's verdict from what it says."""

import json
import re
from dataclasses import dataclass
from typing import Any

from pointsman.llm.types import Answer
from pointsman.rating.judge import BETTER, RATINGS, JudgeError

_BARE_RATING = re.compile(r"\W*(?:rating|score)?\W*(?P<rating>\d+(?:\.\d+)?)\s*(?:/\s*5|out of 5)?\W*", re.IGNORECASE)
_BARE_BETTER = re.compile(r"\W*(?:better|answer)?\W*(?P<better>[ab]|tie)\W*", re.IGNORECASE)
_LONGEST_RATIONALE_CHARS = 2_000


@dataclass(frozen=True)
class Judgement:
    """A verdict and why: a rating from 1 to 5, or which answer is better, `A`, `B` or `tie`."""

    value: int | str
    rationale: str


def read_judgement(answer: Answer) -> Judgement:
    """The rating in a judge's answer.

    Raises:
        JudgeError: the judge failed, gave no rating, or one that is not 1, 2, 3, 4 or 5.
    """
    found = _verdict(answer, "rating", _BARE_RATING)
    value = found["rating"]
    try:
        number = float(value) if not isinstance(value, bool) else 0.0
    except (TypeError, ValueError):
        number = 0.0
    if number not in RATINGS:
        raise JudgeError(f"the judge's rating is {value!r}, expected one of {', '.join(map(str, RATINGS))}")
    return Judgement(int(number), _rationale(found))


def read_comparison(answer: Answer) -> Judgement:
    """Which answer a judge finds better.

    Raises:
        JudgeError: the judge failed, chose none, or something that is not A, B or tie.
    """
    found = _verdict(answer, "better", _BARE_BETTER)
    for choice in BETTER:
        if str(found["better"]).strip().lower() == choice.lower():
            return Judgement(choice, _rationale(found))
    raise JudgeError(f"the judge's choice is {found['better']!r}, expected one of {', '.join(BETTER)}")


def _verdict(answer: Answer, name: str, bare: re.Pattern[str]) -> dict[str, Any]:
    if answer.error is not None or answer.response is None:
        raise JudgeError(f"the judge did not answer: {answer.error}")
    found = _object_in(answer.response)
    if found is None:
        alone = bare.fullmatch(answer.response.strip())
        found = {name: alone[name]} if alone else {}
    if name not in found:
        raise JudgeError(f"the judge gave no {name}: {answer.response[:120]!r}")
    return found


def _rationale(found: dict[str, Any]) -> str:
    return str(found.get("rationale") or "").strip()[:_LONGEST_RATIONALE_CHARS]


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
