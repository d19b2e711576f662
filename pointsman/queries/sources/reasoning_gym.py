"""Procedural reasoning tasks of the `reasoning-gym` package (arXiv 2505.24760)."""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from pointsman.config.errors import ConfigError
from pointsman.config.queries import Family, ReasoningGymSource
from pointsman.queries.base import Query, Reference
from pointsman.queries.sources.sampling import (
    Level,
    exact,
    level_seed,
    levels,
    numeric,
    one_of,
    require,
    require_count,
)

SOURCE = "reasoning_gym"
_CANDIDATES_PER_QUERY = 5
_SENTENCE = "Answer in one short sentence."


class Form(NamedTuple):
    """How a data set is asked and checked.

    `options` are the allowed answers of a choice, `tolerance` (absolute) belongs to numbers, and
    `wording` replaces texts of the package's question by shorter ones.
    """

    kind: Literal["numeric", "exact", "choice", "reasoning_gym"]
    instruction: str = ""
    options: tuple[str, ...] = ()
    tolerance: float = 0.0
    wording: tuple[tuple[str, str], ...] = ()


_SUM = (("State the final answer to the following arithmetic problem:", "What is"), (" =", "?"))
_LEGS = (("Your task is to count how many legs there are in total when given a list of animals.\n\nNow, how", "How"),)
_REVERSAL = (
    ("Solve the following problem.\n\n", ""),
    ("Provide you answer as a comma-separated list of words with a space after the comma.\n\n", ""),
)
_RELATION = (
    (" Provide the relationship in one word.", ""),
    (" Answer with a single word.", ""),
    (" Respond only with the word that describes their relationship.", ""),
)
_CANDIDATES = (
    ("Your task is to pick the largest/smallest number out of several options.\n\n", ""),
    ("Your output should be only the number of interest.\n\n", ""),
    ("Now, pick", "Pick"),
)
_GEOMETRY = (("Return only the angle as your answer.Do not give the units in your answer.", ""),)
# In version 0.1.25 these iterate over sets of strings, so that each process makes other questions or answers.
_UNREPEATABLE = {"isomorphic_strings", "knight_swap", "polynomial_multiplication", "ransom_note", "word_ladder"}
_FORMS = {
    "aiw": Form("numeric", _SENTENCE),
    "basic_arithmetic": Form("numeric", _SENTENCE),
    "calendar_arithmetic": Form("reasoning_gym", "Give only the answer."),
    "chain_sum": Form("numeric", _SENTENCE, wording=_SUM),
    "coin_flip": Form("numeric", "Answer in one short sentence, with a decimal number.", tolerance=0.005),
    "color_cube_rotation": Form("exact"),
    "count_bits": Form("numeric", _SENTENCE),
    "count_primes": Form("numeric", _SENTENCE),
    "course_schedule": Form("choice", "Answer True or False.", options=("True", "False")),
    "decimal_chain_sum": Form("numeric", _SENTENCE, wording=_SUM),
    "family_relationships": Form("exact", _SENTENCE, wording=_RELATION),
    "gcd": Form("numeric", _SENTENCE, wording=((" Give only the GCD as your final answer.", ""),)),
    "gsm_symbolic": Form("numeric", wording=((" Give the result as your final answer. Do not include units.", ""),)),
    "lcm": Form("numeric", _SENTENCE),
    "leg_counting": Form("numeric", _SENTENCE, wording=_LEGS),
    "letter_counting": Form("numeric", _SENTENCE),
    "needle_haystack": Form("exact", _SENTENCE, wording=((" Reply only with a name.", ""),)),
    "number_sequence": Form("numeric", "Which number comes next? " + _SENTENCE),
    "number_format": Form("numeric", _SENTENCE, tolerance=1e-4, wording=_CANDIDATES),
    "products": Form("numeric", _SENTENCE, wording=((" Give only the result as your final answer.", ""),)),
    "sentence_reordering": Form("exact", "Reply with the sentence only."),
    "simple_equations": Form("numeric"),
    "simple_geometry": Form("numeric", wording=_GEOMETRY),
    "spell_backward": Form("exact", "Reply with the reversed word only."),
    "syllogism": Form("choice", "Answer Yes or No.", ("Yes", "No"), wording=(("\n(Answer Yes or No)", ""),)),
    "word_sequence_reversal": Form("exact", "Reply with the list only.", wording=_REVERSAL),
}


def generate(config: ReasoningGymSource, seed: int) -> Iterator[Query]:
    """Yield the queries of every family, its levels in turn.

    Raises:
        ConfigError: a data set or parameter is unknown, or a level has too few different questions.
    """
    for family in config.families:
        for level in levels(family):
            yield from _level_queries(family, level, level_seed(seed, family, level))


def _level_queries(family: Family, level: Level, seed: int) -> Iterator[Query]:
    name = family.dataset or family.name
    form = _FORMS.get(name, Form("reasoning_gym"))
    questions: dict[str, dict[str, Any]] = {}
    dataset = _dataset(name, level, seed)
    for entry in dataset:
        questions.setdefault(_prompt(entry["question"], form), entry)
        if len(questions) == level.count:
            break
    require_count(len(questions), family, level)
    for prompt, entry in questions.items():
        yield Query(
            prompt=prompt,
            category=family.category,
            family=family.name,
            source=SOURCE,
            difficulty=level.name,
            reference=_reference(name, form, entry),
        )


def _dataset(name: str, level: Level, seed: int) -> Any:
    from reasoning_gym.factory import DATASETS, create_dataset

    require(name, DATASETS.keys() - _UNREPEATABLE, "or unrepeatable data set of reasoning_gym")
    allowed = {field.name for field in dataclasses.fields(DATASETS[name][1])} - {"seed", "size"}
    for parameter in level.parameters:
        require(parameter, allowed, f"parameter of reasoning_gym's {name}")
    try:
        return create_dataset(name, size=level.count * _CANDIDATES_PER_QUERY, seed=seed, **level.parameters)
    except (AssertionError, TypeError, ValueError) as problem:
        raise ConfigError(
            f"queries.sources: reasoning_gym's {name} refuses {level.parameters}: {problem}. Edit conf/queries/"
        ) from problem


def _prompt(question: str, form: Form) -> str:
    for theirs, ours in form.wording:
        question = question.replace(theirs, ours)
    return "\n".join(part for part in (question.strip(), form.instruction) if part)


def _reference(name: str, form: Form, entry: dict[str, Any]) -> Reference:
    answer = str(entry["answer"])
    if form.kind == "numeric":
        value = float(answer)
        return numeric(int(value) if value.is_integer() else value, form.tolerance)
    if form.kind == "exact":
        return exact(answer)
    if form.kind == "choice":
        return one_of(answer, form.options)
    return {"kind": "reasoning_gym", "dataset": name, "answer": answer, "entry": _plain(entry)}


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry as JSON gives it back: what a scorer will be handed."""
    plain: dict[str, Any] = json.loads(json.dumps(entry, default=str))
    return plain
