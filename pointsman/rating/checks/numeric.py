"""References of kind numeric: the response's final number within a tolerance."""

import math
import re
from fractions import Fraction
from typing import NamedTuple

from pointsman.rating.text import clean, sentences, stated_answers

_NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>(?<![\d)] )-\s?(?=[\d.$€£])|minus |negative )?[$€£]?(?P<sign2>-)?"
    r"(?P<whole>\d{1,3}(?:,\d{3})+(?![\d,])|\d+)?(?P<decimals>\.\d+)?(?P<power>[eE][-+]?\d{1,3}(?!\w))?"
    r"(?:\s*/\s*(?P<below>\d{1,15})(?![\d/]))?(?P<percent>\s?%)?",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"=|≈|→|:|\b(?:equals?|is|are|was|were|be|gives|get|gets|has|have|appears|appear|makes|leaves)\b", re.I
)
_UNKNOWN = re.compile(r"\b[a-zA-Z]\s*=\s*(?=-?\d)")
_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_WORDS = {word: value for value, word in enumerate(_SMALL.split())}
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_WORDS |= {word: value for value, word in enumerate(_ORDINALS, start=1)}
_STEMS = ("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine")
_TENS = {f"{stem}ty": 10 * value for value, stem in enumerate(_STEMS, start=2)}


class Number(NamedTuple):
    """A number in a text and where it stands."""

    value: float
    percent: bool
    start: int
    end: int


def is_right(response: str, answer: float, tolerance: float) -> tuple[bool, str]:
    """Whether the response's final number is within `tolerance` (absolute) of the answer, and what was read."""
    found = final_number(response)
    if found is None:
        return False, "no number found"
    value = found.value / 100 if found.percent and abs(answer) <= 1 else found.value
    close = abs(value - answer) <= tolerance + 1e-9 * max(1.0, abs(answer))
    return close, f"read {value:g}"


def final_number(response: str) -> Number | None:
    """The number that a response gives as its answer; None where there is none or it offers several."""
    text = clean(response)
    for said in reversed(stated_answers(text)):
        found = _concluded((sentences(said) or [said])[0], stated=True)
        if found is not None:
            return found[0]
    for sentence in reversed(sentences(text)):
        found = _concluded(sentence)
        if found is not None:
            return found[0]
    return _in_words(text)


def _concluded(sentence: str, *, stated: bool = False) -> tuple[Number | None] | None:
    """The sentence's result, wrapped; (None,) where it hedges; None where it holds no number.

    It is the first number after the last verb or sign that has one; with neither, the last number, or the first
    where the sentence is what was stated to be the answer.
    """
    numbers = list(numbers_in(sentence))
    if not numbers:
        return None
    unknown = list(_UNKNOWN.finditer(sentence))
    says = unknown or list(_SAYS.finditer(sentence))
    for place in reversed(says):
        after = [number for number in numbers if number.start >= place.end()]
        if after:
            return (_first_result(sentence, after),)
    return (_first_result(sentence, numbers if stated else numbers[-1:]),)


def _first_result(sentence: str, numbers: list[Number]) -> Number | None:
    """The first of the numbers, unless the text denies it, or names another beside it ("4 or 5", "2 x and 1 y")."""
    first = numbers[0]
    if re.match(r"\W*\b(?:is|are|was)(?: not\b|n't)", sentence[first.end :]):
        return None
    if len(numbers) > 1:
        between = sentence[first.end : numbers[1].start]
        if re.fullmatch(r"\W*\bor\b\W*(?:maybe |about )?|\s[a-z ]+ (?:and|or) ", between):
            return None
    return first


def numbers_in(text: str) -> list[Number]:
    """Every number of a cleaned text. Not those inside words or codes such as H2O and 0x2d."""
    found = []
    for match in _NUMBER.finditer(text):
        if not (match["whole"] or match["decimals"]) or re.match(r"[xX][0-9a-fA-F]|[A-Za-z]*\d|_", text[match.end() :]):
            continue
        whole = (match["whole"] or "0").replace(",", "")
        value = float(whole + (match["decimals"] or "") + (match["power"] or ""))
        if not math.isfinite(value):
            continue
        if match["below"] and int(match["below"]):
            value = float(Fraction(value) / int(match["below"]))
        sign = -1 if match["sign"] or match["sign2"] else 1
        found.append(Number(sign * value, bool(match["percent"]), match.start(), match.end()))
    return found


def _in_words(text: str) -> Number | None:
    """A number in words, up to ninety-nine, or an ordinal up to eighth, in a short text or answer without digits."""
    said = (stated_answers(text) or [text])[-1].lower()
    if len(said.split()) > 12:
        return None
    values = []
    for match in re.finditer(r"\b([a-z]+)(?:[- ]([a-z]+))?\b", said):
        first, second = match[1], match[2]
        if first in _TENS:
            values.append(_TENS[first] + (_WORDS.get(second, 0) if second else 0))
        else:
            values += [_WORDS[word] for word in (first, second) if word in _WORDS]
    return Number(float(values[0]), False, 0, 0) if len(set(values)) == 1 else None
