"""References of kind reasoning_gym: the package's own scorer decides; only a wholly right answer counts."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pointsman.rating.checks.numeric import final_number
from pointsman.rating.text import clean, sentences, stated_answers

_LONGEST_CHARS = 2_000
_WHOLLY_RIGHT = 0.99

# These scorers evaluate the answer as Python (eval) or through sympy's parser, which evaluates too.
LITERAL_SCORERS = frozenset({"string_insertion", "spiral_matrix", "binary_matrix", "n_queens"})
FORMULA_SCORERS = frozenset(
    {"countdown", "puzzle24", "polynomial_multiplication", "simple_integration", "intermediate_integration"}
)
_FORMULA = re.compile(r"(?:\d+(?:\.\d+)?|(?<![A-Za-z])[A-Za-z](?![A-Za-z])|\*\*\s?\d(?![\d.*])|[-+*/()\s](?!\*))*", re.ASCII)


def is_right(response: str, dataset: str, entry: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether the scorer of a data set gives full marks to the response's answer, and what was read."""
    from reasoning_gym.factory import get_score_answer_fn

    score = get_score_answer_fn(dataset)
    read = list(dict.fromkeys(_candidates(response)))
    right = [text for text in read if _is_safe(text, dataset) and _scores_fully(score, text, entry)]
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


def _is_safe(text: str, dataset: str) -> bool:
    """Whether the scorer may see this text: where it evaluates, only a literal or plain arithmetic."""
    if dataset in LITERAL_SCORERS:
        try:
            ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return bool(re.fullmatch(r"[\w\s,]*", text)) and "__" not in text and not re.search(r"[A-Za-z]\w{6}", text)
        return True
    return dataset not in FORMULA_SCORERS or bool(_FORMULA.fullmatch(text) and len(text) < 300)


def _scores_fully(score: Callable[..., float], text: str, entry: Mapping[str, Any]) -> bool:
    try:
        return bool(score(text, entry) >= _WHOLLY_RIGHT)
    except Exception:  # a scorer that stumbles over a text did not recognise it
        return False
