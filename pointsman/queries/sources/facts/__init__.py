"""Questions generated from fact packages: countries and cities, chemical elements, technical standards."""

from pointsman.queries.sources.facts.asking import generate

__all__ = ["generate"]
