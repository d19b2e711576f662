"""Text that strangers wrote, made safe to show: queries, answers, names of a user's categories."""

import re
import unicodedata

NAME_CHARACTERS = 60
"""Longest name of a category that is shown; a user's file may hold anything."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # emoji and several scripts need them
_MARKDOWN = str.maketrans(
    {character: f"\\{character}" for character in "\\*_[]#~$"}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "`": "&#96;", "@": "&#64;"}
)
_LINK = re.compile(r"(?i)(?<=[a-z])://|(?<=www)\.")
_BLOCK = re.compile(r"^(?:[-+=](?=[-+=\s]|$)|\d{1,9}[.)](?=\s|$))")


def visible(text: str) -> str:
    """Show what would be invisible or reorder the line (bidi controls, zero-width characters) as ⟨U+202E⟩."""
    return "".join(_shown(character) for character in text.replace("\r\n", "\n"))


def cut(text: str, characters: int) -> str:
    """The text, visible, with at most so many characters of it."""
    kept = text if len(text) <= characters else text[: characters - 1].rstrip() + "…"
    return visible(kept)


def escape_markdown(text: str) -> str:
    """One line of Markdown that renders as the text: no markup, link, HTML or end of a table cell."""
    line = " ".join(visible(text).split())
    escaped = _LINK.sub(lambda found: found[0].replace(":", "&#58;").replace(".", "&#46;"), line.translate(_MARKDOWN))
    return _BLOCK.sub(lambda found: f"{found[0][:-1]}&#{ord(found[0][-1])};", escaped)


def _shown(character: str) -> str:
    if character in "\n\t" or character in _JOINERS or unicodedata.category(character) not in _HIDDEN:
        return character
    return f"⟨U+{ord(character):04X}⟩"
