import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pointsman.config.errors import ConfigError
from pointsman.config.queries import Family, OpenAIEvalsSource
from pointsman.queries.base import Query
from pointsman.queries.sources.openai_evals import generate
from pointsman.tables.io import TableError


def chat(user: str, ideal: Any, system: str = "Be brief.") -> dict[str, Any]:
    return {"input": [{"role": "system", "content": system}, {"role": "user", "content": user}], "ideal": ideal}


def wheel(folder: Path, **files: list[dict[str, Any]]) -> Path:
    path = folder / "evals.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in files.items():
            lines = "\n".join(json.dumps(row) for row in rows)
            archive.writestr(f"evals/registry/data/{name}/samples.jsonl", lines + "\n")
    return path


def queries(archive: Path, name: str, count: int = 1, seed: int = 1, **parameters: Any) -> list[Query]:
    family = Family(
        name=name, category="factual", count=count, dataset=f"{name}/samples.jsonl", levels={"medium": parameters}
    )
    return list(generate(OpenAIEvalsSource(kind="openai_evals", weights="q", families=[family]), seed, archive=archive))


def test_the_system_message_gives_way_to_our_own_lines(tmp_path: Path) -> None:
    archive = wheel(tmp_path, area=[chat("Answer the largest. Chad, Peru", "Peru")])
    made = queries(archive, "area", drop=["Answer the largest. "], lead="Which is largest?", instruction="Name only.")
    assert made[0].prompt == "Which is largest?\nChad, Peru\nName only."
    assert made[0].reference == {"kind": "exact", "answer": "Peru", "aliases": []}


def test_more_than_one_ideal_answer_are_aliases(tmp_path: Path) -> None:
    archive = wheel(tmp_path, dates=[chat("A year after 04/27/1996?", ["04/27/1997", "4/27/1997"])])
    assert queries(archive, "dates")[0].reference == {
        "kind": "exact",
        "answer": "04/27/1997",
        "aliases": ["4/27/1997"],
    }


@pytest.mark.parametrize(
    ("written", "ideal"),
    [
        ("Which sinks?\nA. cork\nB. iron\nC. oil\nAnswer:", "B"),
        ("Which sinks?\n\na) cork\nb) iron\nc) oil", "b) iron"),
        ("Which sinks? A: cork; B: iron; C: oil", "B"),
        ("Which sinks?  a) cork  b) iron  c) oil", ["[B]"]),
    ],
    ids=["lines", "brackets", "semicolons", "inline"],
)
def test_every_layout_of_options_becomes_one(tmp_path: Path, written: str, ideal: Any) -> None:
    archive = wheel(tmp_path, sink=[chat(written, ideal)])
    made = queries(archive, "sink", answer="choice", instruction="Letter only.", drop=["\nAnswer:"])
    assert made[0].prompt == "Which sinks?\nA. cork\nB. iron\nC. oil\nLetter only."
    options = {"A": "cork", "B": "iron", "C": "oil"}
    assert made[0].reference == {"kind": "choice", "answer": "B", "options": options}


def test_a_choice_whose_answer_is_not_among_its_options_is_left_out(tmp_path: Path) -> None:
    rows = [chat("One? A. x\nB. y", "C"), chat("Two? A. x\nB. y", "A"), chat("Three? A. x\nB. x", "A")]
    with pytest.raises(ConfigError, match="1 different queries, expected 2"):
        queries(wheel(tmp_path, q=rows), "q", 2, answer="choice")


def test_closed_answers_are_spelt_alike_and_sampled_in_equal_parts(tmp_path: Path) -> None:
    rows = [chat(f"Is {n} odd?", "Y") for n in range(1, 41, 2)] + [chat(f"Is {n} odd?", "no.") for n in (2, 4, 6)]
    made = queries(wheel(tmp_path, odd=rows), "odd", 6, answer="one_of")
    answers = [query.reference["answer"] for query in made if query.reference]
    assert sorted(answers) == ["No"] * 3 + ["Yes"] * 3
    assert made[0].reference is not None
    assert made[0].reference["options"] == {"No": "No", "Yes": "Yes"}


def test_numbers_are_numeric(tmp_path: Path) -> None:
    archive = wheel(tmp_path, n=[chat("How many?", "1,204")])
    assert queries(archive, "n", answer="numeric")[0].reference == {"kind": "numeric", "answer": 1204, "tolerance": 0.0}


def test_long_questions_worked_examples_and_empty_answers_are_left_out(tmp_path: Path) -> None:
    shown = chat("Short?", "yes")
    shown["input"].insert(1, {"role": "assistant", "content": "an example"})
    rows = [shown, chat("x" * 50, "yes"), chat("No answer?", ""), chat("Good?", "yes"), chat("Good?", "yes")]
    assert [q.prompt for q in queries(wheel(tmp_path, q=rows), "q", max_chars=20)] == ["Good?"]


def test_questions_that_hold_an_unwanted_text_are_left_out(tmp_path: Path) -> None:
    rows = [chat("Is seedstissue light?", "yes"), chat("Is tissue light?", "yes")]
    assert [q.prompt for q in queries(wheel(tmp_path, q=rows), "q", without=["seedstissue"])] == ["Is tissue light?"]


def test_a_question_and_its_mirror_image_share_a_template(tmp_path: Path) -> None:
    rows = [chat("Was Ada born before Max?", "Y"), chat("Was Max born before Ada?", "N")]
    one, other = queries(wheel(tmp_path, q=rows), "q", 2, answer="one_of")
    assert one.prompt != other.prompt and one.template == other.template


def test_same_seed_same_queries_other_seed_others(tmp_path: Path) -> None:
    archive = wheel(tmp_path, q=[chat(f"What is {n}?", str(n)) for n in range(50)])
    assert queries(archive, "q", 10) == queries(archive, "q", 10)
    assert queries(archive, "q", 10) != queries(archive, "q", 10, seed=2)


def test_an_unknown_file_is_refused_with_the_allowed_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown data set of evals .*foods/samples.jsonl'; allowed: .*food/samples"):
        queries(wheel(tmp_path, food=[chat("?", "a")]), "foods")


def test_an_unknown_parameter_is_refused_with_the_allowed_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"family 'food': unknown key 'instructions'; allowed here: .*instruction"):
        queries(wheel(tmp_path, food=[chat("?", "a")]), "food", instructions="x")


def test_a_file_that_is_no_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "evals.whl"
    path.write_text("not a wheel")
    with pytest.raises(TableError, match=r"evals.whl: expected the wheel of `evals` 3.0.1.post1"):
        queries(path, "food")
