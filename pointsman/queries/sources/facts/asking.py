"""From ranked facts to queries: a level is a range of ranks, the best known first."""

from collections.abc import Callable, Iterator, Sequence

from pydantic import Field

from pointsman.config.base import PositiveInt, Section
from pointsman.config.queries import FactsSource, Family
from pointsman.queries.base import Query
from pointsman.queries.sources.facts import countries, elements, places, technology
from pointsman.queries.sources.facts.fact import Fact
from pointsman.queries.sources.sampling import (
    Level,
    balanced,
    level_random,
    levels,
    require,
    require_count,
    validated,
)

SOURCE = "facts"
DATASETS: dict[str, Callable[[], Sequence[Fact]]] = {
    **countries.DATASETS,
    **places.DATASETS,
    **elements.DATASETS,
    **technology.DATASETS,
}
_INSTRUCTION = "Answer in one short sentence."


class Range(Section):
    """The parameters of a level."""

    first: PositiveInt = Field(1, description="Rank of the best known fact taken")
    last: PositiveInt | None = Field(None, description="Rank of the least known fact taken; null: no limit")


def generate(config: FactsSource, seed: int) -> Iterator[Query]:
    """Yield the queries of every family, its levels in turn.

    A rank of 1 is the country with the most people, the city with the most people, the lightest element,
    the most used standard.

    Raises:
        ConfigError: a data set or parameter is unknown, or a level has too few facts.
    """
    for family in config.families:
        name = family.dataset or family.name
        require(name, DATASETS, "data set of facts")
        facts = DATASETS[name]()
        for level in levels(family):
            yield from _level_queries(facts, family, level, seed)


def _level_queries(facts: Sequence[Fact], family: Family, level: Level, seed: int) -> Iterator[Query]:
    rng = level_random(seed, family, level)
    chosen = validated(Range, level.parameters, family)
    eligible = [fact for fact in facts if chosen.first <= fact.rank <= (chosen.last or fact.rank)]
    require_count(len(eligible), family, level)
    answers = [str(fact.reference["answer"]) if fact.closed else "" for fact in eligible]
    for fact in balanced(eligible, answers, level.count, rng):
        yield Query(
            prompt=f"{fact.question} {_INSTRUCTION}" if fact.question.endswith("?") else fact.question,
            category=family.category,
            family=family.name,
            source=SOURCE,
            difficulty=level.name,
            reference=fact.reference,
        )
