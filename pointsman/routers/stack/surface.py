"""What a query looks like: counts that an encoder of a cut, lower-cased text loses. Needs numpy alone."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from pointsman.routers.base import Floats

MAX_CHARS = 20_000  # of a longer query the beginning is looked at: scoring takes bounded time


class _Parts(NamedTuple):
    """A query, taken apart once for all features."""

    text: str
    lower: str
    words: list[str]
    numbers: list[float]
    sentences: int


_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
# No pattern may try one run of characters from each of its places: that takes quadratic time, which a client chooses.
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
_OPTION = re.compile(r"(?m)^[^\S\n]*\(?[A-J][.):]\s")
_CODE = re.compile(r"```|\bdef \w+\(|\bfunction\b|\bclass \w+|\bselect\b.{1,200}\bfrom\b|[{};]\s*$", re.MULTILINE)
_RATIO = re.compile(r"\b(?:half|thirds?|quarters?|twice|double|triple|times|percent|fractions?)\b")
_DECIMAL = re.compile(r"\d\.\d")
_COMPARED = re.compile(r"\b(?:each|every|per|average|total|more|less|fewer|than|remaining|left)\b")
_IN_TURN = re.compile(r"\b(?:if|when|then|after|before|while|until)\b")
_NEGATED = re.compile(r"\b(?:not|no|never|none|except|only)\b|n't\b")


def _share(part: _Parts, has: Callable[[str], bool]) -> float:
    return sum(map(has, part.text)) / max(1, len(part.text))


_FEATURES: dict[str, Callable[[_Parts], float]] = {
    "log_characters": lambda part: np.log1p(len(part.text)),
    "log_words": lambda part: np.log1p(len(part.words)),
    "log_numbers": lambda part: np.log1p(len(part.numbers)),
    "log_sentences": lambda part: np.log1p(part.sentences),
    "log_lines": lambda part: np.log1p(part.text.count("\n")),
    "characters_a_sentence": lambda part: len(part.text) / (part.sentences + 1),
    "mean_word_length": lambda part: sum(map(len, part.words)) / max(1, len(part.words)),
    "longest_word": lambda part: max(map(len, part.words), default=0),
    "distinct_words": lambda part: len({word.lower() for word in part.words}) / max(1, len(part.words)),
    "digit_share": lambda part: _share(part, str.isdigit),
    "capital_share": lambda part: _share(part, str.isupper),
    "symbol_share": lambda part: _share(part, lambda sign: not (sign.isalnum() or sign.isspace())),
    "log_largest_number": lambda part: np.log1p(max(part.numbers, default=0.0)),
    "log_median_number": lambda part: np.log1p(statistics.median(part.numbers) if part.numbers else 0.0),
    "decimals": lambda part: len(_DECIMAL.findall(part.text)),
    "percents": lambda part: part.text.count("%"),
    "dollars": lambda part: part.text.count("$"),
    "slashes": lambda part: part.text.count("/"),
    "questions": lambda part: part.text.count("?"),
    "commas": lambda part: part.text.count(","),
    "brackets": lambda part: part.text.count("("),
    "quotes": lambda part: part.text.count('"'),
    "ratio_words": lambda part: len(_RATIO.findall(part.lower)),
    "comparing_words": lambda part: len(_COMPARED.findall(part.lower)),
    "ordering_words": lambda part: len(_IN_TURN.findall(part.lower)),
    "negations": lambda part: len(_NEGATED.findall(part.lower)),
    "options": lambda part: len(_OPTION.findall(part.text)),
    "code_marks": lambda part: len(_CODE.findall(part.lower)),
}
NAMES = tuple(_FEATURES)


def surface(texts: Sequence[str]) -> Floats:
    """Surface features of queries, shape (n, len(NAMES)); finite whatever the text."""
    rows = [[float(feature(part)) for feature in _FEATURES.values()] for part in map(_take_apart, texts)]
    return np.array(rows, dtype=np.float64).reshape(len(texts), len(NAMES))


def _take_apart(text: str) -> _Parts:
    text = text[:MAX_CHARS]
    # A float holds at most 308 digits; a longer number is as large as a number gets.
    numbers = [float(found.replace(",", "")[:300]) for found in _NUMBER.findall(text)]
    return _Parts(text, text.lower(), _WORD.findall(text), numbers, len(_SENTENCE_END.findall(text)))
