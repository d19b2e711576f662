"""References of kind choice: the response names one option, by its label or its text, and no other."""

import re
from collections.abc import Mapping

from pointsman.rating.checks.exact import stands_as_answer
from pointsman.rating.text import (
    LONGEST_SENTENCE_CHARS,
    WINDOW_CHARS,
    answering_sentence,
    clean,
    folded,
    phrase,
    sentences,
    stated_answers,
)

_STATED_OPTION = re.compile(
    r"\b(?:option|choice|letter|statement)\s*(?:is|:|=)?\s*[\"'(]?(?P<said>[^\n]+)|"
    r"\b(?:correct|right|best)\s+(?:one|option|choice|statement|letter)?\s*(?:is|:)\s*(?P<said2>[^\n]+)",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"\bthan\b[^.;\n]*", re.IGNORECASE)
_DENIED = re.compile(
    r"(?:\bnot|n't|\bneither|\bnor|\bincorrect:?|\bexcept|\bwrong:?)\s+(?:\w+\s+)?\W*$|\breturns?\s+\W*$", re.IGNORECASE
)


def is_right(response: str, answer: str, options: Mapping[str, str]) -> tuple[bool, str]:
    """Whether the option that the response chooses is `answer`, and what was read."""
    chosen = chosen_option(response, options)
    return chosen == answer, f"read {chosen}" if chosen else "no single option found"


def chosen_option(response: str, options: Mapping[str, str]) -> str | None:
    """The label of the option that a response settles on; None where it names none, or several."""
    text = clean(response)
    if all(re.fullmatch(r"[A-Za-z]", label) for label in options):
        return _chosen_label(text, options)
    return _chosen_word(text, list(options))


def _chosen_label(text: str, options: Mapping[str, str]) -> str | None:
    """Options named by letters: a statement, else how the text begins, else the only one mentioned."""
    for said in reversed(_statements(text, with_options=True)):
        found = _leading(said, options)
        if found is not None:
            return found or None
    listed = [line for line in text.split("\n") if _label_at(line, options, strict=True)]
    if len({_label_at(line, options, strict=True) for line in listed}) > 1:
        text = "\n".join(line for line in text.split("\n") if line not in listed)
    found = _leading(text, options) if text.strip() else None
    if found is not None:
        return found or None
    return _only_mentioned(text, options)


def _statements(text: str, *, with_options: bool) -> list[str]:
    stated = [(text.rfind(said), said) for said in stated_answers(text)]
    if with_options:
        places = _STATED_OPTION.finditer(text)
        stated += [(match.end(), match["said"] or match["said2"] or "") for match in places]
    return [said for _, said in sorted(stated)]


def _leading(text: str, options: Mapping[str, str]) -> str | None:
    """The option that a text begins with; "" where it contradicts itself, None where it begins with none."""
    line = text.strip().split("\n")[0][:LONGEST_SENTENCE_CHARS]
    if _begins_with_two(line, "".join(options)):
        return ""
    label = _label_at(line, options, strict=False)
    if label is None:
        named = _option_text_at(line, options)
        others = _words_in(_COMPARED.sub(" ", line), [shown for shown in options.values() if shown])
        return "" if named and others - {options[named]} else named
    rest = re.sub(r"^\W*(?:option |answer )?\W*[A-Za-z](?:[)\].:}\s\"',–—-]+|$)", "", line, flags=re.IGNORECASE)
    told = _option_text_at(rest, options)
    return "" if told is not None and told != label and not _begins(rest, options[label]) else label


def _begins_with_two(line: str, labels: str) -> bool:
    """As in "A or B", "(A), (C)", "both A and B"."""
    joined = r"\W*(?:\bor\b|\band\b|/|,|&)\W*"
    return bool(re.match(rf"\W*(?:either |both )?\W*[{labels}]{joined}[{labels}](?!\w|[.):] ?\w)", line, re.IGNORECASE))


def _label_at(line: str, options: Mapping[str, str], *, strict: bool) -> str | None:
    """The label at the start of a line, as in "B", "(B)", "B. text", "B: text"; strict: with such a mark only."""
    match = re.match(
        r"\s*(?:option |answer )?[\"'(\[{]*(?P<label>[A-Za-z])(?P<mark>[)\].:}]+|\s*[-–—]\s|,|$|[\"'])", line, re.I
    )
    by_fold = {label.casefold(): label for label in options}
    if match and match["label"].casefold() in by_fold:
        return by_fold[match["label"].casefold()]
    bare = None if strict else re.match(r"\s*(?P<label>[B-HJ-Z])\s", line)
    return by_fold.get(bare["label"].casefold()) if bare else None


def _option_text_at(text: str, options: Mapping[str, str]) -> str | None:
    """The option whose text stands at the start, the longest where several do."""
    fitting = [label for label, shown in options.items() if _begins(text, shown)]
    return max(fitting, key=lambda label: len(options[label]), default=None)


def _begins(text: str, shown: str) -> bool:
    wanted, found = folded(shown), folded(text)
    return bool(wanted) and bool(phrase(wanted).match(found))


def _only_mentioned(text: str, options: Mapping[str, str]) -> str | None:
    """The one option that the text mentions by a marked label or by its text, but for denied ones."""
    found = set()
    for label, shown in options.items():
        marked = rf"\({label}\)|(?<!\w){label}[).](?=\s|$)|\b(?:[Oo]ption|[Aa]nswer|[Ll]etter)\s+{label}\b"
        if label not in "AI":
            marked += rf"|(?<![\w'.-]){label}(?![\w'.-])"
        places = [match.start() for match in re.finditer(marked, text)]
        if len(shown) > 1:
            places += _masked_places(text, shown, [other for other in options.values() if other != shown])
        if any(not _DENIED.search(text[max(0, place - WINDOW_CHARS) : place]) for place in places):
            found.add(label)
    return found.pop() if len(found) == 1 else None


def _masked_places(text: str, shown: str, others: list[str]) -> list[int]:
    """Where `shown` stands, not as a part of a longer option."""
    for other in others:
        if len(other) > len(shown) and phrase(shown).search(other):
            text = phrase(other).sub(lambda match: " " * len(match[0]), text)
    return [match.start() for match in phrase(shown.strip(" .")).finditer(text)]


def _chosen_word(text: str, options: list[str]) -> str | None:
    """Options that are words themselves, such as Yes and No, or names."""
    for said in reversed(_statements(text, with_options=False)):
        named = _words_in((sentences(said) or [said])[0], options)
        if named:
            return named.pop() if len(named) == 1 else None
    if {folded(option) for option in options} == {"yes", "no"}:
        return _yes_or_no(sentences(text), options)
    sentence = _COMPARED.sub(" ", answering_sentence(text))
    named = _words_in(sentence, options)
    if len(named) > 1:
        named = _first_said(sentence, options)
    elif not named:
        named = _words_in(_COMPARED.sub(" ", text), options)
    return named.pop() if len(named) == 1 and _is_given(sentence, named) else None


def _first_said(sentence: str, options: list[str]) -> set[str]:
    """What a sentence that names several options says of the repeated question: the first that follows "is"."""
    predicates = [re.split(r",?\s*\b(?:while|whereas|but)\b", part)[0] for part in re.split(r"\bis\b", sentence)[1:]]
    return next((named for part in predicates if (named := _words_in(part, options))), set())


def _is_given(sentence: str, named: set[str]) -> bool:
    """Not a word of the repeated question, where the sentence has the word at all."""
    (option,) = named
    places = list(phrase(option.strip(" .")).finditer(sentence))
    return not places or any(stands_as_answer(sentence, place) for place in places)


def _yes_or_no(listed: list[str], options: list[str]) -> str | None:
    """How a sentence begins decides, the first of all: inside a sentence, the word no is too common to count."""
    for sentence in [*listed[:1], *reversed(listed[1:])]:
        plain = re.sub(r"^(?:so|therefore|thus|hence|in conclusion)\W+", "", sentence, flags=re.IGNORECASE)
        found = _word_at(plain, options)
        if found is not None:
            other = re.match(r"\W*\w+\W+(?:or|and|/)\W+(?:yes|no)\b", plain, re.IGNORECASE)
            return None if other else found
    return None


def _word_at(sentence: str, options: list[str]) -> str | None:
    fitting = [option for option in options if _begins(sentence, option)]
    return max(fitting, key=len, default=None)


def _words_in(text: str, options: list[str]) -> set[str]:
    """The options that a text names, but for denied ones."""
    found = set()
    for option in options:
        others = [other for other in options if other != option]
        if any(
            not _DENIED.search(text[max(0, place - WINDOW_CHARS) : place])
            for place in _masked_places(text, option, others)
        ):
            found.add(option)
    return found
