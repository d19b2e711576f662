import os
import subprocess
import sys

import pytest

from pointsman.config.errors import ConfigError
from pointsman.config.queries import CodingTasksSource, Family
from pointsman.queries.deduplicate import deduplicate
from pointsman.queries.sources.coding_tasks import generate
from pointsman.queries.sources.coding_tasks.catalogue import FAMILIES, tasks

AVAILABLE = {name: sum(len(task.variants) for task in tasks(name)) for name in FAMILIES}


def source(counts, **options):
    families = [Family(name=name, category="coding", count=count, **options) for name, count in counts.items()]
    return CodingTasksSource(kind="coding_tasks", families=families)


@pytest.fixture(scope="module")
def everything():
    return list(generate(source(AVAILABLE), seed=0))


def test_there_are_many_templates_of_a_few_variants_each():
    names = [task.name for family in FAMILIES for task in tasks(family)]
    assert len(names) >= 75
    assert len(set(names)) == len(names)
    assert all(5 <= len(task.variants) <= 9 for family in FAMILIES for task in tasks(family))


def test_every_family_gives_the_count_asked_for_in_turns_over_its_templates():
    queries = list(generate(source(dict.fromkeys(FAMILIES, 40)), seed=3))
    for family in FAMILIES:
        mine = [query for query in queries if query.family == family]
        assert len(mine) == 40
        assert {query.template for query in mine[:8]} == {task.name for task in tasks(family)}


def test_ids_are_unique_and_no_query_nearly_repeats_another(everything):
    assert len({query.id for query in everything}) == len(everything)
    kept = deduplicate(everything, 0.9)
    assert (kept.exact, kept.near) == (0, 0)


def test_prompts_hold_no_hidden_check_and_no_unfilled_name(everything):
    for query in everything:
        assert "$" not in query.prompt
        for check in query.reference.get("checks", []):
            call, _, _ = check.replace("assert ", "").rpartition(" == ")
            assert check not in query.prompt
            assert not call or call not in query.prompt
        if query.reference["kind"] == "sql":
            assert "INSERT" not in query.prompt
            assert query.reference["answer"] not in query.prompt


def test_every_query_says_how_it_is_checked(everything):
    for query in everything:
        assert query.difficulty in ("easy", "medium", "hard")
        if query.reference["kind"] == "code":
            assert query.reference["entry_point"] in query.prompt
            assert 5 <= len(query.reference["checks"]) <= 10
            assert all("\n" not in check for check in query.reference["checks"])
        else:
            assert query.reference["expected"], query.prompt
            assert query.reference["ordered"] == ("ORDER BY" in query.reference["answer"])


def test_the_seed_chooses_variants_and_wordings(everything):
    assert list(generate(source(AVAILABLE), seed=0)) == everything
    other = list(generate(source(AVAILABLE), seed=1))
    assert {query.prompt for query in other} != {query.prompt for query in everything}


def test_generation_is_the_same_in_every_process():
    code = (
        "import hashlib; from pointsman.config.queries import CodingTasksSource, Family;"
        "from pointsman.queries.sources.coding_tasks import generate;"
        f"families = [Family(name=n, category='coding', count=c) for n, c in {AVAILABLE!r}.items()];"
        "queries = list(generate(CodingTasksSource(kind='coding_tasks', families=families), 0));"
        "print(hashlib.sha256(repr(queries).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(digests) == 1


def test_levels_choose_difficulties_in_equal_parts():
    queries = list(generate(source({"text": 12}, levels={"easy": {}, "hard": {}}), seed=0))
    assert [query.difficulty for query in queries] == 6 * ["easy"] + 6 * ["hard"]


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        ({"basics": 1000}, {}, rf"'basics'.*: {AVAILABLE['basics']} different queries, expected 1000"),
        ({"poems": 5}, {}, "unknown family of coding_tasks 'poems'; allowed: algorithms, basics"),
        ({"text": 5}, {"levels": {"easy": {"size": 3}}}, "(?s)family 'text'.*size"),
    ],
)
def test_what_cannot_be_had_is_refused(counts, options, message):
    with pytest.raises(ConfigError, match=message):
        list(generate(source(counts, **options), seed=0))
