"""Community-written questions of the `evals` wheel (github.com/openai/evals), read as an archive."""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field

from pointsman.config.base import PositiveInt, Section
from pointsman.config.queries import OpenAIEvalsSource
from pointsman.queries.base import Query, Reference
from pointsman.queries.sources.sampling import (
    balanced,
    exact,
    level_random,
    levels,
    numeric,
    one_of,
    require,
    require_count,
    validated,
)
from pointsman.tables.io import TableError

SOURCE = "openai_evals"
_FOLDER = "evals/registry/data/"
_MARKER = re.compile(r"(?:(?<=\s)|^)\(?([A-Ea-e])[.):]\s")
_EXAMPLE_ROLES = ("assistant", "function", "tool")


class Form(Section):
    """How the rows of one file become questions; these are the parameters of a level."""

    answer: Literal["choice", "one_of", "numeric", "exact"] = Field("exact", description="How the answer is checked")
    instruction: str = Field("", description="Last line of the prompt")
    lead: str = Field("", description="First line of the prompt, in the place of the system message")
    drop: list[str] = Field(default_factory=list, description="Texts taken out of the question")
    without: list[str] = Field(default_factory=list, description="Questions that hold one of these are left out")
    max_chars: PositiveInt = Field(600, description="Longest question taken")


class Row(NamedTuple):
    """One question."""

    prompt: str
    reference: Reference


def generate(config: OpenAIEvalsSource, seed: int, *, archive: Path) -> Iterator[Query]:
    """Yield the queries of every family from the wheel at `archive`; `dataset` is a file below its data folder.

    Raises:
        ConfigError: a data set or parameter is unknown, or a file holds too few questions.
        TableError: the archive is not one.
    """
    for family in config.families:
        rows = _read(archive, family.dataset or family.name)
        for level in levels(family):
            found = _questions(rows, validated(Form, level.parameters, family))
            require_count(len(found), family, level)
            answers = [row.reference["answer"] if row.reference["kind"] == "choice" else "" for row in found]
            for row in balanced(found, answers, level.count, level_random(seed, family, level)):
                yield Query(
                    prompt=row.prompt,
                    category=family.category,
                    family=family.name,
                    source=SOURCE,
                    difficulty=level.name,
                    reference=row.reference,
                    template=_template(row.prompt),
                )


def _read(archive: Path, dataset: str) -> list[dict[str, Any]]:
    try:
        with zipfile.ZipFile(archive) as wheel:
            names = [name for name in wheel.namelist() if name.startswith(_FOLDER) and name.endswith(".jsonl")]
            require(_FOLDER + dataset, names, "data set of evals")
            return [json.loads(line) for line in wheel.read(_FOLDER + dataset).decode("utf-8").splitlines() if line]
    except (zipfile.BadZipFile, FileNotFoundError) as problem:
        raise TableError(f"{archive}: expected the wheel of `evals` 3.0.1.post1: {problem}") from problem


def _questions(rows: list[dict[str, Any]], form: Form) -> list[Row]:
    """The rows that can be asked, without repetition; rows with worked examples or no answer are left out."""
    answers = _closed_set(rows) if form.answer == "one_of" else []
    questions: dict[str, Row] = {}
    for row in rows:
        question, ideals = _question(row, form), _ideals(row)
        if not question or len(question) > form.max_chars or not ideals:
            continue
        found = _row(question, ideals, form, answers)
        if found is not None:
            questions.setdefault(found.prompt, found)
    return list(questions.values())


def _question(row: dict[str, Any], form: Form) -> str:
    messages = row["input"] if isinstance(row["input"], list) else [{"role": "user", "content": row["input"]}]
    if any(message["role"] in _EXAMPLE_ROLES or message.get("name") for message in messages):
        return ""
    text = " ".join(str(message["content"]) for message in messages if message["role"] != "system")
    if any(unwanted in text for unwanted in form.without):
        return ""
    for superfluous in form.drop:
        text = text.replace(superfluous, "")
    return text.strip()


def _ideals(row: dict[str, Any]) -> list[str]:
    ideal = row.get("ideal", [])
    listed = ideal if isinstance(ideal, list) else [ideal]
    return [str(answer).strip() for answer in listed if str(answer).strip()]


def _closed_set(rows: list[dict[str, Any]]) -> list[str]:
    return sorted({_word(answer) for row in rows for answer in _ideals(row)[:1]})


def _word(answer: str) -> str:
    """A closed answer in one spelling: Yes for yes, `Yes.` and Y."""
    word = answer.strip(" .").lower()
    return {"y": "Yes", "n": "No"}.get(word, word.capitalize())


def _row(question: str, ideals: list[str], form: Form, answers: list[str]) -> Row | None:
    if form.answer == "choice":
        return _choice(question, ideals[0], form)
    prompt = "\n".join(part for part in (form.lead, question, form.instruction) if part)
    if form.answer == "one_of":
        return Row(prompt, one_of(_word(ideals[0]), answers))
    if form.answer == "numeric":
        value = float(ideals[0].replace(",", ""))
        return Row(prompt, numeric(int(value) if value.is_integer() else value))
    return Row(prompt, exact(ideals[0], ideals[1:]))


def _choice(question: str, ideal: str, form: Form) -> Row | None:
    """Stem and options in one layout, whatever the file's own; null where the options cannot be told apart."""
    stem, options = _options(question)
    label = ideal.strip("[](){} ")[:1].upper()
    if not stem or label not in options or len(set(options.values())) < len(options):
        return None
    lines = [form.lead, stem, *(f"{name}. {text}" for name, text in options.items()), form.instruction]
    reference = {"kind": "choice", "answer": label, "options": options}
    return Row("\n".join(line for line in lines if line), reference)


def _options(question: str) -> tuple[str, dict[str, str]]:
    """Split a question into its stem and its options A, B, C …, which follow one another."""
    places: list[re.Match[str]] = []
    for match in _MARKER.finditer(question):
        if match[1].upper() == "ABCDE"[len(places) : len(places) + 1]:
            places.append(match)
    if len(places) < 2:
        return "", {}
    ends = [place.start() for place in places[1:]] + [len(question)]
    texts = [
        " ".join(question[place.end() : end].split()).rstrip(" ;") for place, end in zip(places, ends, strict=True)
    ]
    return " ".join(question[: places[0].start()].split()), dict(zip("ABCDE", texts, strict=False))


def _template(prompt: str) -> str:
    """Questions of the same words in another order, such as A before B and B before A, belong together."""
    return " ".join(sorted(re.findall(r"\w+", prompt.lower())))
