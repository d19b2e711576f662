"""What the judge is asked over all tasks: each answer or pair, in both orders, and a sample of them again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from pointsman.config.rating import RatingConfig
from pointsman.llm.types import Request
from pointsman.rating.judge import comparison_request, guide, judge_request
from pointsman.rating.plan import Task, sample


class Question(NamedTuple):
    """One request to the judge.

    `role` is that of the answer rated or, in a comparison, shown first; `repeat` is 0 for the verdict that counts.
    """

    id: str
    role: str
    repeat: int
    guided: bool
    request: Request


def questions(
    tasks: Sequence[Task], config: RatingConfig, template: str, model_hash: str | None = None
) -> list[Question]:
    """Every question, in the tasks' order, each repeat right after its first.

    Args:
        tasks: as `plan` gives them.
        config: the rating section.
        template: the rubric of the mode.
        model_hash: of a local judge's weights.

    Raises:
        JudgeError: the template is unusable.
    """
    ask = _comparisons if config.judge.mode == "pairwise" else _single
    judged = [task for task in tasks if task.is_judged]
    first = [
        question
        for _, group in groupby(judged, key=lambda task: task.id)
        for question in ask(list(group), config, template, model_hash)
    ]
    repeated = set(sample({question.id for question in first}, config.judge.repeat_on, salt="repeat"))
    again = range(1, config.judge.repeats + 1)
    return [
        each
        for question in first
        for each in (question, *(_repeat(question, number) for number in again if question.id in repeated))
    ]


def are_same(pair: Sequence[Task]) -> bool:
    """Whether two answers are the same text: a tie, about which nobody need be asked."""
    return len({task.response for task in pair}) == 1


def _single(group: Sequence[Task], config: RatingConfig, template: str, model_hash: str | None) -> Iterator[Question]:
    for task in group:
        reference = task.reference if _shows_reference(config) else None
        request = judge_request(
            config.judge, template, task.prompt, task.response, reference=reference, model_hash=model_hash
        )
        yield Question(task.id, task.role, 0, guide(reference) is not None, request)


def _comparisons(
    pair: Sequence[Task], config: RatingConfig, template: str, model_hash: str | None
) -> Iterator[Question]:
    if are_same(pair):
        return
    for first, second in (pair, pair[::-1]):
        reference = first.reference if _shows_reference(config) else None
        texts = (first.prompt, first.response, second.response)
        request = comparison_request(config.judge, template, *texts, reference=reference, model_hash=model_hash)
        yield Question(first.id, first.role, 0, guide(reference) is not None, request)


def _shows_reference(config: RatingConfig) -> bool:
    # With `both`, what the judge decides has no reference; measured with one, it would look better than it is.
    return config.judge.use_reference and config.method == "judge"


def _repeat(question: Question, number: int) -> Question:
    extra = {**question.request.extra, "seed": number}
    return question._replace(repeat=number, request=replace(question.request, extra=extra))
