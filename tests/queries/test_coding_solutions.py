"""Every check tells a right answer from a wrong one."""

from random import Random

import pytest

from pointsman.queries.sources.coding_tasks.catalogue import FAMILIES, tasks
from pointsman.queries.sources.coding_tasks.code import CodeTask, check, evaluate, fill, literal
from pointsman.queries.sources.coding_tasks.sql import SqlTask, select

ALL = [(task, place) for family in FAMILIES for task in tasks(family) for place in range(len(task.variants))]
CODE = [pair for pair in ALL if isinstance(pair[0], CodeTask)]
SQL = [pair for pair in ALL if isinstance(pair[0], SqlTask)]


def passed(source, checks):
    """How many of the checks hold after the source."""
    count = 0
    for statement in checks:
        namespace = {}
        try:
            exec(f"{source}\n{statement}", namespace)
        except Exception:
            continue
        count += 1
    return count


def name_of(pair):
    return f"{pair[0].name}-{pair[1]}"


@pytest.mark.parametrize(("task", "place"), CODE, ids=map(name_of, CODE))
def test_the_solution_passes_every_check_and_a_wrong_answer_does_not(task, place):
    checks = task.render(place, Random(0)).reference["checks"]
    values = task.variants[place]
    assert passed(fill(task.solution, values), checks) == len(checks)
    wrong = fill(task.buggy, values) or f"def {values['f']}(*_):\n    return None"
    assert passed(wrong, checks) < len(checks)


@pytest.mark.parametrize(("task", "place"), SQL, ids=map(name_of, SQL))
def test_hidden_rows_tell_the_right_query_from_a_usual_mistake(task, place):
    reference = task.render(place, Random(0)).reference
    assert reference["expected"] == select(reference["schema"], reference["answer"])
    found = select(reference["schema"], fill(task.wrong, task.variants[place].values))
    arrange = list if reference["ordered"] else lambda rows: sorted(rows, key=repr)
    assert arrange(found) != arrange(reference["expected"])


def test_solutions_are_short():
    for task, place in CODE:
        assert len(fill(task.solution, task.variants[place]).strip().splitlines()) <= 20, task.name


def test_variants_of_a_template_are_checked_differently():
    for task in (task for task, place in CODE if place == 0):
        seen = [str(task.render(place, Random(0)).reference["checks"]) for place in range(len(task.variants))]
        assert len(set(seen)) == len(seen), task.name


def test_a_check_keeps_its_statements_and_compares_floats_with_a_tolerance():
    assert check("f(1)", 2) == "assert f(1) == 2"
    assert check("c = C(); c.x", "a") == "c = C(); assert c.x == 'a'"
    assert check("f(1)", 0.5) == "assert abs(f(1) - 0.5) < 1e-6"


def test_a_call_is_evaluated_after_the_source():
    assert evaluate("def f(x):\n    return [x]", "y = f(1); y.append(2); y") == [1, 2]


def test_sets_are_written_in_order():
    assert literal({"b", "a"}) == "{'a', 'b'}"
    assert literal(set()) == "set()"
