import re
from pathlib import Path
from typing import Any

import pytest
import reasoning_gym
from reasoning_gym.factory import DATASETS, create_dataset

from pointsman.rating.checks.gym import ARITHMETIC_ONLY, LISTED_ONLY, is_right


def entry(dataset: str, **parameters: Any) -> dict[str, Any]:
    return dict(create_dataset(dataset, size=1, seed=3, **parameters)[0])


@pytest.mark.parametrize(
    "dataset", ["calendar_arithmetic", "fraction_simplification", "number_sorting", "time_intervals"]
)
@pytest.mark.parametrize("form", ["{}", "The answer is {}", "Answer: {}.", "\\boxed{{{}}}"])
def test_the_packages_own_answer_is_right_in_every_form(dataset: str, form: str) -> None:
    made = entry(dataset)
    assert is_right(form.format(made["answer"]), dataset, made)[0]


@pytest.mark.parametrize(
    "dataset", ["calendar_arithmetic", "fraction_simplification", "number_sorting", "time_intervals"]
)
def test_another_answer_is_wrong(dataset: str) -> None:
    assert not is_right("The answer is 123456.", dataset, entry(dataset))[0]


def test_part_marks_do_not_count() -> None:
    made = {"answer": "02:52", "metadata": {"task_type": "time"}}
    assert not is_right("The answer is 03:06", "time_intervals", made)[0]
    assert is_right("The answer is 02:52", "time_intervals", made)[0]


def test_every_scorer_that_evaluates_its_text_is_guarded() -> None:
    evaluates = re.compile(r"\b(?:eval|exec|parse_expr|sympify|literal_eval)\(")
    folder = Path(str(reasoning_gym.__file__)).parent
    found = set()
    for name, (kind, _) in DATASETS.items():
        source = (folder.parent / (kind.__module__.replace(".", "/") + ".py")).read_text("utf-8")
        scorer = re.search(r"    def score_answer\(.*?(?=\n    def |\nclass |\Z)", source, re.DOTALL)
        if scorer and evaluates.search(scorer[0]) and "entry[" not in evaluates.split(scorer[0])[1][:6]:
            found.add(name)
    assert found - {"number_sorting"} <= LISTED_ONLY | ARITHMETIC_ONLY


@pytest.mark.parametrize("dataset", sorted(LISTED_ONLY | ARITHMETIC_ONLY))
@pytest.mark.parametrize(
    "hostile",
    [
        "__import__('pathlib').Path('{path}').touch()",
        "open('{path}', 'w')",
        "[open('{path}', 'w')]",
        "().__class__.__base__.__subclasses__()",
        "9**9**9",
        "((((9**9)**9)**9)**9)**9",
        "exit()",
        "input()",
    ],
)
def test_no_scorer_runs_what_a_response_says(dataset: str, hostile: str, tmp_path: Path) -> None:
    planted = tmp_path / "ran"
    answered = {"answer": "[1]", "metadata": {"numbers": [1], "target": 1, "valid_answers": ["[1]"], "integrand": "x"}}
    assert not is_right(hostile.format(path=planted), dataset, answered)[0]
    assert not planted.exists()


def test_arithmetic_reaches_the_scorer_that_evaluates() -> None:
    made = {"answer": "1 + 2", "metadata": {"numbers": [1, 2], "target": 3}}
    assert is_right("The answer is 2 + 1", "countdown", made)[0]
    assert not is_right("The answer is 2 - 1", "countdown", made)[0]
