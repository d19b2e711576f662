"""Facts of technical standards, from the standard library and matplotlib's table of CSS colours."""

import http
import mimetypes
from collections.abc import Callable, Sequence

from pointsman.queries.sources.facts.fact import Fact
from pointsman.queries.sources.sampling import exact, numeric

# Renamed between Python 3.11 and 3.13; a question must not depend on the interpreter.
_RENAMED_STATUSES = {413, 414, 416, 418, 422}
_PHRASES_WITHIN_OTHERS = {"Found", "Gone", "OK"}
_COMMON_STATUSES = (404, 200, 500, 403, 401, 400, 301, 302, 201, 503, 204, 304, 502, 405, 202, 409, 504, 429, 501, 408)
_EXTENSIONS = (
    ".html",
    ".txt",
    ".css",
    ".csv",
    ".json",
    ".png",
    ".jpg",
    ".gif",
    ".svg",
    ".pdf",
    ".zip",
    ".xml",
    ".mp4",
    ".mpeg",
    ".tar",
    ".sh",
    ".bmp",
    ".tiff",
    ".doc",
    ".xls",
    ".ppt",
    ".tsv",
    ".rtx",
    ".swf",
    ".latex",
    ".tex",
    ".dvi",
    ".eps",
    ".vcf",
    ".aiff",
    ".ppm",
    ".pgm",
    ".xpm",
    ".avi",
    ".mov",
    ".webm",
    ".wasm",
)
_PRINTABLE = "AaZz0 !MmNn@#$%&*+-/9=?BbQqKk_~^{}[]<>;:,.XxYyPp5"


def http_phrases() -> Sequence[Fact]:
    """HTTP status code -> reason phrase; common ones first."""
    return [
        Fact(
            f"What is the standard reason phrase of HTTP status code {status.value}?",
            exact(status.phrase),
            rank,
        )
        for rank, status in _statuses()
        if status.phrase not in _PHRASES_WITHIN_OTHERS
    ]


def http_codes() -> Sequence[Fact]:
    """Reason phrase -> HTTP status code; common ones first."""
    return [
        Fact(f'What is the number of the HTTP status code "{status.phrase}"?', numeric(status.value), rank)
        for rank, status in _statuses()
    ]


def _statuses() -> list[tuple[int, http.HTTPStatus]]:
    common = [http.HTTPStatus(code) for code in _COMMON_STATUSES]
    rare = [s for s in http.HTTPStatus if s not in common and s.value not in _RENAMED_STATUSES]
    return list(enumerate([*common, *rare], start=1))


def media_types() -> Sequence[Fact]:
    """File name extension -> media type."""
    types = mimetypes.MimeTypes().types_map[True]
    return [
        Fact(
            f"What is the MIME type of a {extension} file?",
            exact(types[extension]),
            rank,
        )
        for rank, extension in enumerate(_EXTENSIONS, start=1)
    ]


def ascii_codes() -> Sequence[Fact]:
    """Character -> decimal ASCII code."""
    return [
        Fact(
            f"What is the decimal ASCII code of the character '{character}'?",
            numeric(ord(character)),
            rank,
        )
        for rank, character in enumerate(_PRINTABLE, start=1)
    ]


def css_colours() -> Sequence[Fact]:
    """Name of a CSS colour -> its hexadecimal code; short names first."""
    from matplotlib.colors import CSS4_COLORS

    codes = {name: str(code).lower() for name, code in CSS4_COLORS.items()}
    return [
        Fact(f"What is the hexadecimal code of the CSS colour {name}?", exact(codes[name], [codes[name][1:]]), rank)
        for rank, name in enumerate(sorted(codes, key=lambda name: (len(name), name)), start=1)
    ]


DATASETS: dict[str, Callable[[], Sequence[Fact]]] = {
    "http_phrase": http_phrases,
    "http_status": http_codes,
    "media_type": media_types,
    "ascii_code": ascii_codes,
    "css_colour": css_colours,
}
