"""References of kind set: the same items in any order."""

import re
from collections.abc import Sequence

from pointsman.rating.text import clean, folded, sentences, stated_answers

_INTRODUCED = re.compile(r"^.*?(?::|\b(?:is|are|was|were|include)\b:?)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:,\s*and\s|,|;|\n|\band\b|&)\s*", re.IGNORECASE)


def is_right(response: str, answers: Sequence[str]) -> tuple[bool, str]:
    """Whether the response lists exactly `answers`, and what was read."""
    text = clean(response)
    stated = stated_answers(text)
    wanted = {folded(answer) for answer in answers}
    tried = [_items(said) for said in ([stated[-1]] if stated else ["\n".join(sentences(text)), *sentences(text)[-1:]])]
    return wanted in tried, f"read {sorted(tried[0])}"[:120]


def _items(text: str) -> set[str]:
    """Items after an introduction ("The factors are 2, 3 and 5.") or, where there is none, all."""
    listed = {folded(item) for item in _BETWEEN.split(_INTRODUCED.sub("", text, count=1))}
    return {re.sub(r"^(?:-|\*|•|\d+[.)])\s+", "", item) for item in listed} - {""}
