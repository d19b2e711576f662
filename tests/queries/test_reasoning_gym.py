import itertools
import json
import re

import pytest
from reasoning_gym.factory import get_score_answer_fn

from pointsman.config.errors import ConfigError
from pointsman.config.queries import Family, ReasoningGymSource
from pointsman.queries.base import Query
from pointsman.queries.sources.reasoning_gym import generate

SUMS = Family(
    name="sums",
    category="reasoning",
    count=11,
    dataset="chain_sum",
    levels={
        "easy": {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 2},
        "hard": {"min_terms": 4, "max_terms": 4, "min_digits": 3, "max_digits": 3},
    },
)


def queries(*families: Family, seed: int = 1) -> list[Query]:
    return list(generate(ReasoningGymSource(kind="reasoning_gym", families=list(families)), seed))


def family(name: str, count: int = 8, **parameters: object) -> Family:
    return Family(name=name, category="reasoning", count=count, levels={"medium": parameters})


def test_the_count_is_split_over_the_levels_and_what_is_left_goes_to_the_first() -> None:
    made = queries(SUMS)
    assert [query.difficulty for query in made] == ["easy"] * 6 + ["hard"] * 5
    assert {query.family for query in made} == {"sums"}


def test_a_level_uses_its_own_parameters() -> None:
    terms = {query.difficulty: len(re.findall(r"\d+", query.prompt)) for query in queries(SUMS)}
    assert terms == {"easy": 2, "hard": 4}


def test_same_seed_same_queries_other_seed_others() -> None:
    assert queries(SUMS, seed=5) == queries(SUMS, seed=5)
    assert queries(SUMS, seed=5) != queries(SUMS, seed=6)


def test_no_prompt_comes_twice() -> None:
    made = queries(family("products", 40, min_digits=1, max_digits=1))
    assert len({query.prompt for query in made}) == 40


def test_whole_numbers_are_checked_as_numbers() -> None:
    for query in queries(SUMS):
        terms = re.search(r"What is (.*)\?", query.prompt)
        assert terms is not None and query.reference is not None
        assert query.reference["kind"] == "numeric"
        assert query.reference["answer"] == sum(
            int(term) for term in terms[1].replace("- ", "-").replace("+", "").split()
        )


@pytest.mark.parametrize(
    "chosen",
    [
        family("calendar_arithmetic"),
        family("fraction_simplification", styles=["plain"]),
        family("prime_factorization", max_value=60),
        family("time_intervals", task_types=["time"]),
        family("complex_arithmetic"),
    ],
    ids=lambda chosen: chosen.name,
)
def test_the_package_scores_its_own_answer_right_from_the_stored_entry(chosen: Family) -> None:
    for query in queries(chosen):
        reference = json.loads(json.dumps(query.reference))
        assert reference["kind"] == "reasoning_gym"
        score = get_score_answer_fn(reference["dataset"])
        assert score(reference["answer"], reference["entry"]) == 1.0


def test_a_choice_holds_its_answer_among_its_options() -> None:
    made = queries(family("syllogism", 12, allow_some=False, allow_some_not=False), family("course_schedule", 12))
    for query in made:
        assert query.reference is not None and query.reference["kind"] == "choice"
        assert query.reference["answer"] in query.reference["options"]


def test_syllogisms_without_some_follow_from_logic() -> None:
    for query in queries(family("syllogism", 40, allow_some=False, allow_some_not=False)):
        statements = re.findall(r"(All|No|Some) (\w+) are (\w+)", query.prompt)
        assert query.reference is not None and len(statements) == 3
        assert query.reference["answer"] == ("Yes" if follows(statements[:2], statements[2]) else "No")


def follows(premises: list[tuple[str, str, str]], conclusion: tuple[str, str, str]) -> bool:
    """Whether no world of inhabited classes makes the premises true and the conclusion false."""
    names = sorted({name for _, *pair in [*premises, conclusion] for name in pair})
    things = [dict(zip(names, values, strict=True)) for values in itertools.product([False, True], repeat=len(names))]
    for chosen in itertools.product([False, True], repeat=len(things)):
        world = [thing for thing, there in zip(things, chosen, strict=True) if there]
        if all(any(thing[name] for thing in world) for name in names):
            truth = [holds(world, statement) for statement in [*premises, conclusion]]
            if truth[0] and truth[1] and not truth[2]:
                return False
    return True


def holds(world: list[dict[str, bool]], statement: tuple[str, str, str]) -> bool:
    quantifier, one, other = statement
    found = [thing[other] for thing in world if thing[one]]
    return {"All": all(found), "No": not any(found), "Some": any(found)}[quantifier]


def test_an_unknown_data_set_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown or unrepeatable data set of reasoning_gym 'chain_sums'; allowed: .*chain_sum"
    ):
        queries(family("chain_sums"))


def test_a_data_set_that_differs_from_process_to_process_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unrepeatable data set of reasoning_gym 'ransom_note'"):
        queries(family("ransom_note"))


def test_an_unknown_parameter_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown parameter of reasoning_gym's gcd 'biggest'; allowed: .*max_value"):
        queries(family("gcd", biggest=9))


def test_parameters_that_the_package_refuses_are_named() -> None:
    with pytest.raises(ConfigError, match=r"gcd refuses .*'max_value': -5"):
        queries(family("gcd", min_value=1, max_value=-5))


def test_a_level_with_too_few_different_questions_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"family 'products', level 'medium': \d+ different queries, expected 500"):
        queries(family("products", 500, min_digits=1, max_digits=1))
