"""How numbers are written; None, which stands for undefined, is a dash."""

from collections.abc import Sequence

DASH = "–"
USD = "USD"
_MINUS = "−"
_LARGE = 100

Ci = Sequence[float] | None


def plain(value: float | None, digits: int = 3) -> str:
    """A number with fixed digits."""
    return DASH if value is None else _signless_zero(f"{value:.{digits}f}").replace("-", _MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """A difference, with its sign."""
    if value is None:
        return DASH
    text = plain(value, digits)
    return text if text.startswith(_MINUS) else f"+{text}"


def percent(value: float | None) -> str:
    """A share as per cent, with one digit after the point where it is not zero."""
    if value is None:
        return DASH
    return _signless_zero(f"{100 * value:.1f}").removesuffix(".0").replace("-", _MINUS) + "%"


def cost(value: float | None, unit: str) -> str:
    """A cost: four significant digits, or a whole number."""
    if value is None:
        return DASH
    number = f"{value:,.0f}" if value >= _LARGE else f"{value:.4g}"
    return f"${number}" if unit == USD else number


def with_ci(value: float | None, ci: Ci, digits: int = 3) -> str:
    """A number for a table, with its interval in brackets."""
    shown = plain(value, digits)
    return shown if ci is None else f"{shown} ({plain(ci[0], digits)} to {plain(ci[1], digits)})"


def percent_with_ci(value: float | None, ci: Ci) -> str:
    """A share for a table, with its interval in brackets."""
    return percent(value) if ci is None else f"{percent(value)} ({percent(ci[0])} to {percent(ci[1])})"


def interval(ci: Ci, confidence: float) -> str:
    """An interval of shares in words."""
    bounds = "undefined" if ci is None else f"{percent(ci[0])} to {percent(ci[1])}"
    return f"{percent(confidence)} interval {bounds}"


def signed_interval(ci: Ci, confidence: float) -> str:
    """An interval of differences in words."""
    bounds = "undefined" if ci is None else f"{signed(ci[0])} to {signed(ci[1])}"
    return f"{percent(confidence)} interval {bounds}"


def count(number: int, singular: str, plural: str) -> str:
    """A number with its noun: 1 query, 1,200 queries."""
    return f"{number:,} {singular if number == 1 else plural}"


def _signless_zero(text: str) -> str:
    return text.lstrip("-") if float(text) == 0 else text
