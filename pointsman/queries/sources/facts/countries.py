"""Facts about countries; ranks are by population."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from pointsman.queries.sources.facts.fact import Fact
from pointsman.queries.sources.facts.nations import (
    Country,
    capital_names,
    countries,
    in_sentence,
    other_names,
    short_name,
)
from pointsman.queries.sources.sampling import exact, numeric, one_of

_CONTINENTS = {
    "AF": "Africa",
    "AS": "Asia",
    "EU": "Europe",
    "NA": "North America",
    "SA": "South America",
    "OC": "Oceania",
}
_DISPUTED_CAPITALS = {"IL", "PS", "BO", "ZA", "LK", "BJ", "TZ", "CI", "NL", "MY", "SZ", "ID", "BI", "GQ", "YE"}
# A domain or currency code that is an English word would be found in any sentence.
_WORDS = {
    "is",
    "in",
    "it",
    "no",
    "at",
    "be",
    "me",
    "to",
    "so",
    "am",
    "us",
    "my",
    "by",
    "do",
    "all",
    "try",
    "pen",
    "top",
}
_TWO_CONTINENTS = {"RU", "TR", "EG", "KZ", "AZ", "GE", "AM", "CY", "ID", "TL"}


def _facts(ask: Callable[[Country], tuple[str, dict[str, Any]] | None]) -> list[Fact]:
    asked = [(ask(country), rank) for rank, country in enumerate(countries(), start=1)]
    return [Fact(found[0], found[1], rank) for found, rank in asked if found is not None]


def capitals() -> Sequence[Fact]:
    """Country -> capital, where there is one undisputed capital."""

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        if country["iso"] in _DISPUTED_CAPITALS or country["capital"] == country["name"]:
            return None
        name, *others = capital_names(country)
        return f"What is the capital of {in_sentence(country)}?", exact(name, others)

    return _facts(ask)


def countries_of_capitals() -> Sequence[Fact]:
    """Capital -> country."""

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        capital = capital_names(country)[0]
        if country["iso"] in _DISPUTED_CAPITALS or country["name"].split()[0] in capital:
            return None
        return f"{capital} is the capital of which country?", exact(short_name(country), other_names(country))

    return _facts(ask)


def currency_codes() -> Sequence[Fact]:
    """Country -> ISO 4217 code of its currency."""
    changed = {"HR", "ZW", "SL", "CU", "VE", "BY", "MR", "ST", "LT", "LV", "EE", "BG", "GH", "ZM", "SV", "PA"}

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        if country["iso"] in changed or country["currencycode"].lower() in {"", *_WORDS}:
            return None
        question = f"What is the three-letter ISO code of the currency of {in_sentence(country)}?"
        return question, exact(country["currencycode"])

    return _facts(ask)


def calling_codes() -> Sequence[Fact]:
    """Country -> international calling code, where it has one of its own."""
    shared = Counter(country["phone"] for country in countries())

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        code = country["phone"].lstrip("+")
        if not code.isdigit() or shared[country["phone"]] > 1 or country["iso"] in {"KZ", "RU"}:
            return None
        question = f"What is the international telephone calling code of {in_sentence(country)}?"
        return question, numeric(int(code))

    return _facts(ask)


def continents() -> Sequence[Fact]:
    """Country -> continent, where it lies on one."""

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        continent = _CONTINENTS[country["continentcode"]]
        if country["iso"] in _TWO_CONTINENTS or continent in country["name"]:
            return None
        return f"On which continent is {in_sentence(country)}?", exact(continent)

    return _facts(ask)


def internet_domains() -> Sequence[Fact]:
    """Country -> top-level domain."""

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        domain = str(country["tld"])
        if domain.lstrip(".") in _WORDS:
            return None
        question = f"What is the country-code top-level internet domain of {in_sentence(country)}?"
        return question, exact(domain, [domain.lstrip(".")])

    return _facts(ask)


def country_codes() -> Sequence[Fact]:
    """Three-letter ISO code -> country."""

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        question = f"Which country has the three-letter ISO 3166 code {country['iso3']}?"
        return question, exact(short_name(country), other_names(country))

    return _facts(ask)


def borders() -> Sequence[Fact]:
    """Two countries of one continent -> do they share a land border."""
    by_code = {country["iso"]: country for country in countries()}
    ranks = {country["iso"]: rank for rank, country in enumerate(countries(), start=1)}
    facts = []
    for one in countries():
        neighbours = {code for code in one["neighbours"].split(",") if code in by_code}
        second = {code for near in neighbours for code in by_code[near]["neighbours"].split(",") if code in by_code}
        for code in sorted(neighbours | second):
            if ranks[code] <= ranks[one["iso"]] or (code in neighbours) != (one["iso"] in by_code[code]["neighbours"]):
                continue
            question = f"Do {in_sentence(one)} and {in_sentence(by_code[code])} share a land border? Answer Yes or No."
            answer = one_of("Yes" if code in neighbours else "No", ["No", "Yes"])
            facts.append(Fact(question, answer, ranks[code], closed=True))
    return facts


def populations() -> Sequence[Fact]:
    """Two countries -> the more populous one, where it has at least one and a half times as many people."""
    listed = countries()
    facts = []
    for place, larger in enumerate(listed):
        for step in (7, 13, 23, 37):
            if place + step < len(listed) and larger["population"] > 1.5 * listed[place + step]["population"]:
                pair = sorted((in_sentence(larger), in_sentence(listed[place + step])))
                question = f"Which country has more people: {pair[0]} or {pair[1]}? Reply with the country's name."
                names = [name.removeprefix("the ") for name in pair]
                facts.append(Fact(question, one_of(short_name(larger), names), place + 1))
    return facts


DATASETS: dict[str, Callable[[], Sequence[Fact]]] = {
    "capital_of_country": capitals,
    "country_of_capital": countries_of_capitals,
    "currency_code": currency_codes,
    "calling_code": calling_codes,
    "continent_of_country": continents,
    "internet_domain": internet_domains,
    "country_of_code": country_codes,
    "land_border": borders,
    "more_populous_country": populations,
}
