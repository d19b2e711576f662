"""References of kind reasoning_gym: the package's own scorer decides; only a wholly right answer counts."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pointsman.rating.checks.numeric import final_number
from pointsman.rating.text import clean, sentences, stated_answers

_LONGEST_CHARS = 2_000
_WHOLLY_RIGHT = 1.0 - 1e-9  # some scorers give 0.99 for an answer that is close

# These scorers evaluate the answer, as Python or through sympy's parser, which evaluates too. The first do so for
# part marks only, so nothing but a listed answer is shown to them; the second get plain arithmetic.
LISTED_ONLY = frozenset({"string_insertion", "spiral_matrix", "binary_matrix", "n_queens"})
ARITHMETIC_ONLY = frozenset(
    {"countdown", "puzzle24", "polynomial_multiplication", "simple_integration", "intermediate_integration"}
)
_ARITHMETIC = re.compile(
    r"(?:\d+(?:\.\d+)?|(?<![A-Za-z])[A-Za-z](?![A-Za-z])|\*\*\s?\d(?![\d.*])|[-+*/()\s](?!\*))*", re.ASCII
)
_HUGE_POWER = re.compile(r"[eE][-+]?\d{4}")


def is_right(response: str, dataset: str, entry: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether the scorer of a data set gives full marks to the response's answer, and what was read."""
    from reasoning_gym.factory import get_score_answer_fn

    score = get_score_answer_fn(dataset)
    read = list(dict.fromkeys(_candidates(response)))
    right = [text for text in read if _is_safe(text, dataset, entry) and _scores_fully(score, text, entry)]
    return bool(right), f"read {(right or read or [''])[0][:80]!r}"


def _candidates(response: str) -> Iterator[str]:
    """What may be meant as the answer: as stated, else the whole, its last line, or what its last sentence says."""
    text = clean(response)[-_LONGEST_CHARS:]
    stated = stated_answers(text)
    if stated:
        yield from _forms(stated[-1])
        return
    yield from _forms(response.strip()[:_LONGEST_CHARS])
    yield from _forms(text)
    listed = sentences(text)
    if listed:
        yield from _forms(text.split("\n")[-1])
        yield from _forms(listed[-1])
        yield from _forms(re.sub(r"^.*?(?:\bis\b|\bare\b|:)\s*", "", listed[-1]))
        yield from _forms(re.sub(r"^.*(?:\bis\b|\bare\b|[:=])\s*", "", listed[-1]))
    lists = re.findall(r"\[[^\[\]]*\]", text)
    yield from lists[-1:]
    number = final_number(response)
    if number is not None:
        yield f"{number.value:.12g}"


def _forms(text: str) -> Iterator[str]:
    plain = text.strip()
    yield plain
    yield plain.strip(" .\"'")


def _is_safe(text: str, dataset: str, entry: Mapping[str, Any]) -> bool:
    """Whether the scorer may see this text."""
    if dataset in LISTED_ONLY:
        listed = (entry.get("metadata") or {}).get("valid_answers") or [entry["answer"]]
        return text.strip() in {str(answer).strip() for answer in listed}
    if dataset in ARITHMETIC_ONLY:
        return len(text) <= 300 and text.count("**") <= 4 and bool(_ARITHMETIC.fullmatch(text))
    return not _HUGE_POWER.search(text)


def _scores_fully(score: Callable[..., float], text: str, entry: Mapping[str, Any]) -> bool:
    try:
        return bool(score(text, entry) >= _WHOLLY_RIGHT)
    except Exception:  # a scorer that stumbles over a text did not recognise it
        return False
