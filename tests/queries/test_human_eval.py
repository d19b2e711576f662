import pytest

from pointsman.config.queries import HumanEvalSource
from pointsman.queries.sources.human_eval import generate

BODY = """    for i, first in enumerate(numbers):
        for second in numbers[i + 1:]:
            if abs(first - second) < threshold:
                return True
    return False
"""
WHOLE = "def has_close_elements(numbers, threshold):\n" + BODY


def test_all_tasks_come_in_their_published_order() -> None:
    made = list(generate(HumanEvalSource(kind="human_eval"), seed=1))
    assert len(made) == len({query.prompt for query in made}) == 164
    assert [query.metadata["task_id"] for query in made[:2]] == ["HumanEval/0", "HumanEval/1"]
    assert {query.category for query in made} == {"coding"}


def test_the_count_limits_and_the_seed_changes_nothing() -> None:
    config = HumanEvalSource(kind="human_eval", count=5)
    assert list(generate(config, seed=1)) == list(generate(config, seed=2))
    assert len(list(generate(config, seed=1))) == 5


@pytest.mark.parametrize("answer", [BODY, WHOLE], ids=["bare body", "whole function"])
def test_setup_answer_and_check_make_a_program_that_passes(answer: str) -> None:
    reference = next(generate(HumanEvalSource(kind="human_eval"), seed=1)).reference
    assert reference is not None
    program = "\n".join([reference["setup"] + answer, *reference["checks"]])
    exec(program, {})


def test_a_wrong_answer_fails_the_check() -> None:
    reference = next(generate(HumanEvalSource(kind="human_eval"), seed=1)).reference
    assert reference is not None
    wrong = reference["setup"] + "    return True\n"
    with pytest.raises(AssertionError, match="^$"):
        exec("\n".join([wrong, *reference["checks"]]), {})
