import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence

import pytest

from pointsman.config.errors import ConfigError
from pointsman.config.queries import FactsSource, Family
from pointsman.queries.base import Query
from pointsman.queries.sources.facts import generate
from pointsman.queries.sources.facts.asking import DATASETS
from pointsman.queries.sources.facts.fact import Fact
from pointsman.queries.sources.facts.nations import countries

KINDS = {
    "exact": {"kind", "answer", "aliases"},
    "numeric": {"kind", "answer", "tolerance"},
    "choice": {"kind", "answer", "options"},
}


@pytest.fixture(scope="module")
def facts() -> dict[str, Sequence[Fact]]:
    return {name: ask() for name, ask in DATASETS.items()}


def queries(name: str, count: int, seed: int = 1, **levels: dict[str, int]) -> list[Query]:
    family = Family(name=name, category="factual", count=count, levels=levels)
    return list(generate(FactsSource(kind="facts", families=[family]), seed))


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_every_question_has_one_answer_of_a_known_kind(facts: dict[str, Sequence[Fact]], name: str) -> None:
    answers: dict[str, set[str]] = defaultdict(set)
    for fact in facts[name]:
        assert set(fact.reference) == KINDS[fact.reference["kind"]]
        if fact.reference["kind"] == "choice":
            assert fact.reference["answer"] in fact.reference["options"]
        answers[fact.question].add(str(fact.reference["answer"]))
    assert len(facts[name]) >= 30
    assert [question for question, found in answers.items() if len(found) > 1] == []
    assert len(answers) == len(facts[name])


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_no_question_gives_its_answer_away(facts: dict[str, Sequence[Fact]], name: str) -> None:
    for fact in facts[name]:
        if fact.reference["kind"] == "exact":
            words = re.findall(r"[\w.#/-]+", fact.question)
            assert fact.reference["answer"] not in words


@pytest.mark.parametrize(
    ("name", "question", "answer"),
    [
        ("capital_of_country", "capital of Japan?", "Tokyo"),
        ("country_of_capital", "Nairobi is", "Kenya"),
        ("currency_code", "of Japan?", "JPY"),
        ("calling_code", "of Germany?", 49),
        ("continent_of_country", "continent is Peru?", "South America"),
        ("internet_domain", "of the United Kingdom?", ".uk"),
        ("country_of_code", "code DEU?", "Germany"),
        ("land_border", "Do Germany and Poland share", "Yes"),
        ("more_populous_country", "Brazil or the Philippines?", "Brazil"),
        ("country_of_city", "city of Mumbai?", "India"),
        ("state_of_city", "city of Houston?", "Texas"),
        ("state_of_abbreviation", "abbreviation TX?", "Texas"),
        ("element_symbol", "symbol of iron?", "Fe"),
        ("element_name", "symbol Au?", "Gold"),
        ("atomic_number", "number of oxygen?", 8),
        ("element_period", "is sodium?", 3),
        ("more_protons", "carbon or hydrogen?", "Carbon"),
        ("http_phrase", "code 404?", "Not Found"),
        ("http_status", '"Forbidden"?', 403),
        ("media_type", "a .png file?", "image/png"),
        ("ascii_code", "character 'A'?", 65),
        ("css_colour", "colour red?", "#ff0000"),
    ],
)
def test_a_well_known_fact_is_right(
    facts: dict[str, Sequence[Fact]], name: str, question: str, answer: str | int
) -> None:
    found = [fact.reference["answer"] for fact in facts[name] if question in fact.question]
    assert found == [answer]


def test_countries_are_ranked_by_population() -> None:
    people = [country["population"] for country in countries()]
    assert people == sorted(people, reverse=True)


def test_a_level_keeps_to_its_ranks() -> None:
    made = queries("atomic_number", 24, easy={"first": 1, "last": 12}, hard={"first": 100, "last": 118})
    numbers = defaultdict(set)
    for query in made:
        assert query.reference is not None
        numbers[query.difficulty].add(query.reference["answer"])
    assert numbers["easy"] == set(range(1, 13))
    assert len(numbers["hard"]) == 12 and min(numbers["hard"]) >= 100


def test_yes_and_no_come_in_equal_parts() -> None:
    answers = [query.reference["answer"] for query in queries("land_border", 20) if query.reference]
    assert sorted(answers) == ["No"] * 10 + ["Yes"] * 10


def test_open_questions_ask_for_a_sentence_and_yes_or_no_for_the_word() -> None:
    assert queries("capital_of_country", 1)[0].prompt.endswith("? Answer in one short sentence.")
    assert queries("land_border", 1)[0].prompt.endswith("? Answer Yes or No.")


def test_another_process_writes_the_same_queries() -> None:
    script = (
        "from pointsman.config.queries import FactsSource, Family\n"
        "from pointsman.queries.sources.facts import generate\n"
        "families = [Family(name=n, category='f', count=9) for n in ('country_of_city', 'land_border', 'http_status')]\n"
        "print(*generate(FactsSource(kind='facts', families=families), 3), sep='\\n')\n"
    )
    outputs = [
        subprocess.run([sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
        for seed in ("1", "2")
    ]
    assert outputs[0].stdout == outputs[1].stdout
    assert outputs[0].stdout.count(b"Query(") == 27


def test_other_seeds_ask_other_questions() -> None:
    assert queries("country_of_city", 20, seed=1) != queries("country_of_city", 20, seed=2)


def test_an_unknown_family_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown data set of facts 'capitals'; allowed: .*capital_of_country"):
        queries("capitals", 3)


def test_an_unknown_parameter_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"family 'capital_of_country': unknown key 'until'; allowed here: first, last"
    ):
        queries("capital_of_country", 3, easy={"until": 9})


def test_a_level_with_too_few_facts_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"family 'atomic_number', level 'easy': 5 different queries, expected 9"):
        queries("atomic_number", 9, easy={"first": 1, "last": 5})
