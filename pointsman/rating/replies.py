"""Getting a readable verdict: the strictest form that the provider accepts, and one repair."""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from pointsman.llm.errors import ProviderError
from pointsman.llm.types import Answer, Request
from pointsman.rating.judge import JudgeError
from pointsman.rating.reading import Judgement

Ask = Callable[[Sequence[Request]], list[Answer]]
Count = Callable[[Sequence[Request]], int]
Read = Callable[[Answer], Judgement]

FORMS = ("json_schema", "json_object", "text")
_NAMES_FORM = re.compile(r"response.?format|json.?schema|json.?object|structured.?output", re.IGNORECASE)
_NO_JSON = "failed_generation"  # Groq answers 400 with this word where the model kept to no form
_log = logging.getLogger(__name__)


class Reply(NamedTuple):
    """What came of one request: a judgement, or an error that says why there is none."""

    judgement: Judgement | None
    error: str | None
    form: str
    repaired: bool


class Asked(NamedTuple):
    """Answers, and the form in which they were asked for."""

    form: str
    answers: list[Answer]


def in_form(request: Request, form: str) -> Request:
    """The same request with a laxer form of answer; its key differs, so that forms are never mixed."""
    if form == "json_schema":
        return request
    return replace(request, response_format={"type": "json_object"} if form == "json_object" else None)


def first_form(requests: Sequence[Request], known: Count) -> str:
    """The form to begin with: the laxest in which an answer is known already, else the strictest.

    A laxer form is only ever asked for after the provider refused the stricter one, so that a known answer tells
    of that refusal: it is not asked for again, and a second run, or another machine with the recordings, decides alike.

    Args:
        requests: in the strictest form.
        known: how many of some requests need not be asked.
    """
    return next((form for form in FORMS[:0:-1] if known([in_form(one, form) for one in requests])), FORMS[0])


def ask_judge(requests: Sequence[Request], read: Read, *, ask: Ask, known: Count) -> list[Reply]:
    """A reply to each request. An unreadable answer is shown to the judge once, who is asked to mend it.

    Args:
        requests: in the strictest form.
        read: reads an answer, or raises JudgeError.
        ask: asks models.
        known: how many of some requests need not be asked.

    Raises:
        ProviderError: the provider refuses every request, in every form.
    """
    if not requests:
        return []
    form, answers = _ask_in_form(requests, ask, known)
    replies = [_read(answer, read, form, repaired=False) for answer in answers]
    broken = [i for i, reply in enumerate(replies) if reply.judgement is None and _is_mendable(answers[i])]
    if broken:
        mended = ask([_repair(in_form(requests[i], form), answers[i], str(replies[i].error)) for i in broken])
        for index, answer in zip(broken, mended, strict=True):
            replies[index] = _read(answer, read, form, repaired=True)
    return replies


def _ask_in_form(requests: Sequence[Request], ask: Ask, known: Count) -> Asked:
    form = first_form(requests, known)
    while True:
        try:
            return Asked(form, ask([in_form(request, form) for request in requests]))
        except ProviderError as problem:
            if form == FORMS[-1] or not _NAMES_FORM.search(str(problem)):
                raise
            laxer = FORMS[FORMS.index(form) + 1]
            _log.warning("the judge's provider refuses response_format %s; asking for %s instead", form, laxer)
            form = laxer


def _read(answer: Answer, read: Read, form: str, *, repaired: bool) -> Reply:
    try:
        return Reply(read(answer), None, form, repaired)
    except JudgeError as problem:
        return Reply(None, f"{problem}, after one repair" if repaired else str(problem), form, repaired)


def _is_mendable(answer: Answer) -> bool:
    return answer.error is None or _NO_JSON in answer.error


def _repair(request: Request, answer: Answer, problem: str) -> Request:
    said = {"role": "assistant", "content": answer.response or "(nothing)"}
    wish = {"role": "user", "content": f"That cannot be used: {problem}. Reply again, with the JSON object only."}
    return replace(request, messages=(*request.messages, said, wish))
