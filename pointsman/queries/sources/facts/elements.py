"""Facts about chemical elements, from `mendeleev`; ranks are atomic numbers."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pointsman.queries.sources.facts.fact import Fact
from pointsman.queries.sources.sampling import exact, numeric, one_of

_OTHER_SPELLINGS = {"Aluminum": ("Aluminium",), "Cesium": ("Caesium",), "Sulfur": ("Sulphur",)}
_APART = 5
# A symbol that is an English word would be found in any sentence.
_WORDS = {"As", "At", "Be", "He", "I", "In", "Am", "No"}


class Element(NamedTuple):
    """A chemical element."""

    number: int
    symbol: str
    name: str
    period: int


@functools.cache
def elements() -> tuple[Element, ...]:
    """The 118 elements in the order of their atomic numbers."""
    from mendeleev import get_all_elements

    listed = [Element(e.atomic_number, e.symbol, e.name, e.period) for e in get_all_elements()]
    return tuple(sorted(listed))


def symbols() -> Sequence[Fact]:
    """Element -> symbol."""
    return [
        Fact(f"What is the chemical symbol of {e.name.lower()}?", exact(e.symbol), e.number)
        for e in elements()
        if e.symbol not in _WORDS
    ]


def names() -> Sequence[Fact]:
    """Symbol -> element."""
    return [
        Fact(
            f"Which chemical element has the symbol {e.symbol}?",
            exact(e.name, _OTHER_SPELLINGS.get(e.name, ())),
            e.number,
        )
        for e in elements()
    ]


def numbers() -> Sequence[Fact]:
    """Element -> atomic number."""
    return [Fact(f"What is the atomic number of {e.name.lower()}?", numeric(e.number), e.number) for e in elements()]


def periods() -> Sequence[Fact]:
    """Element -> period of the periodic table."""
    return [
        Fact(
            f"In which period (row) of the periodic table is {e.name.lower()}?",
            numeric(e.period),
            e.number,
        )
        for e in elements()
    ]


def heavier() -> Sequence[Fact]:
    """Two elements, five places or more apart -> the one with more protons."""
    listed = elements()
    facts = []
    for light in listed:
        for step in (_APART, 3 * _APART, 7 * _APART):
            if light.number + step <= len(listed):
                heavy = listed[light.number + step - 1]
                pair = sorted((light.name, heavy.name))
                question = f"Which element has more protons: {' or '.join(pair).lower()}?"
                facts.append(Fact(f"{question} Reply with the element's name.", one_of(heavy.name, pair), light.number))
    return facts


DATASETS: dict[str, Callable[[], Sequence[Fact]]] = {
    "element_symbol": symbols,
    "element_name": names,
    "atomic_number": numbers,
    "element_period": periods,
    "more_protons": heavier,
}
