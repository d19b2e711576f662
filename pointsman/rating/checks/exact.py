"""References of kind exact: the response gives the expected words as its answer, and no others."""

import re
from collections.abc import Sequence

from pointsman.rating.text import WINDOW_CHARS, answering_sentence, clean, folded, phrase, sentences, stated_answers

_SAYS = re.compile(
    r"[=:→]|\b(?:is|are|was|were|be|called|named|has|have|equals|means|becomes|must|uses?)\b|'s\b|\bin\b", re.I
)
_DENIES = re.compile(r"(?:\bnot|n't|\bthan|\binstead of|\brather than|\bunlike|\bexcept|\bwithout)\s+(?:\w+\s)?$", re.I)
_TURNED = re.compile(r"\b(?:of|for)(?: the)?(?: (?:country|city|state|element|word)(?: of)?)?\W*$", re.I)
_GOES_ON = re.compile(r"and\s+\"?[A-Z]|(?:,\s*[A-Z][\w' -]*)+,?\s(?:and|or)\s+[A-Z]")
_QUOTED = re.compile(r'"[^"]*"')


def is_right(response: str, answers: Sequence[str]) -> tuple[bool, str]:
    """Whether the response's answer is one of `answers`, and what was read.

    The case, accents, quotes and punctuation do not matter. An answer inside the repeated question, denied, or
    offered beside others ("A or B") does not count.
    """
    text = clean(response)
    if any(folded(text) == folded(answer) for answer in answers):
        return True, "the whole response"
    stated = stated_answers(text)
    if stated:
        said = (sentences(stated[-1]) or [""])[0]
        return _is_given("is " + said, answers), f"stated {said[:80]!r}"
    sentence = answering_sentence(text)
    return _is_given(sentence, answers), f"read {sentence[:80]!r}"


def _is_given(sentence: str, answers: Sequence[str]) -> bool:
    if any(folded(sentence) == folded(answer) for answer in answers):
        return True
    plain, wanted = _plain(sentence), sorted((_plain(answer) for answer in answers), key=len, reverse=True)
    places = [place for words in wanted if words for place in phrase(words).finditer(plain)]
    return any(stands_as_answer(plain, place) and not _hedged(plain, place, wanted) for place in places)


def _plain(text: str) -> str:
    """Quotes, commas and dots stay: they tell lists and quotations."""
    return " ".join(re.sub(r"[\[\](){}]", "", text).replace("'", '"').split()).strip(' .!?"')


def stands_as_answer(sentence: str, place: re.Match[str]) -> bool:
    """Said of the subject, or the subject itself ("Oslo is …"), or what it turns on ("The capital of Norway is Oslo").

    Any other place before the verb is the repeated question.
    """
    before = sentence[: place.start()]
    if _DENIES.search(before[-WINDOW_CHARS:]) or _inside_long_quote(sentence, place):
        return False
    says = _SAYS.search(sentence)
    if says is None:
        return len(sentence.split()) <= len(place[0].split()) + 5
    subject = re.sub(r"^(?:so|therefore|thus|hence)?\W*(?:the )?\W*", "", before, flags=re.IGNORECASE)
    turned = _TURNED.search(before) is not None and _SAYS.match(sentence[place.end() :].lstrip(' "')) is not None
    return place.start() >= says.end() or not subject or turned


def _inside_long_quote(sentence: str, place: re.Match[str]) -> bool:
    """A quotation of several more words than the answer is the question's own text."""
    quotes = [q for q in _QUOTED.finditer(sentence) if q.start() <= place.start() and place.end() <= q.end()]
    return any(len(quote[0].split()) > len(place[0].split()) + 2 for quote in quotes)


def _hedged(sentence: str, place: re.Match[str], wanted: Sequence[str]) -> bool:
    """Beside "or", or one item of a list of three and more; a list, where it goes on."""
    before, after = sentence[: place.start()].rstrip(' "'), sentence[place.end() :].lstrip(' "')
    other = re.match(r"(?:,\s*)?(?:or|/)\s+\W*(?P<other>.+)", after, re.IGNORECASE)
    if other and not any(phrase(words).match(other["other"]) for words in wanted):
        return True
    earlier = re.search(r"(?P<other>\S+)\"?,?\s+or$", before, re.IGNORECASE)
    if earlier and not any(phrase(words).search(earlier["other"]) for words in wanted):
        return True
    if _GOES_ON.match(after):
        return True
    if "," in place[0]:
        return _is_item(after, before)
    items = [item for item in re.split(r",\s*(?:and |or )?|\s+and\s+", sentence) if item]
    if all(folded(item) == folded(place[0]) for item in items[1:]):
        return False
    return len(items) >= 3 and all(len(item.split()) <= 5 for item in items[1:]) and _is_item(after, before)


def _is_item(after: str, before: str) -> bool:
    return after.startswith(",") or before.endswith(",") or bool(re.search(r"\band$", before))
