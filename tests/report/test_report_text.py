import re

import pytest
from markdown_it import MarkdownIt
from report_cases import HOSTILE

from pointsman.report.text import cut, escape_markdown, visible

RENDER = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render


def tags(html):
    return sorted(set(re.findall(r"</?([a-z0-9]+)", html)))


def test_bidi_and_invisible_characters_are_shown_by_their_code():
    assert visible("a\u202eb\u2066c\u200bd\x00e\x1bf\u2028g\ufeff") == (
        "a⟨U+202E⟩b⟨U+2066⟩c⟨U+200B⟩d⟨U+0000⟩e⟨U+001B⟩f⟨U+2028⟩g⟨U+FEFF⟩"
    )


def test_lone_surrogates_can_be_written():
    assert visible("a\ud800b").encode() == "a⟨U+D800⟩b".encode()


def test_scripts_and_emoji_that_need_joiners_stay():
    text = "می\u200cخواهم 👩\u200d🚀\tזה\r\nok"
    assert visible(text) == text.replace("\r\n", "\n")


def test_cut_keeps_short_text_and_marks_long_text():
    assert (cut("short", 5), cut("much longer", 5)) == ("short", "much…")


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "# heading",
        "- item",
        "1. item",
        "1) item",
        "---",
        "===",
        "> quote",
        "~~~ fence",
        "``` fence",
        "<b>x</b>",
        "<!-- x -->",
        "&lt;b&gt; &#60;",
        "*a* _b_ **c** ~~d~~",
        "[a](javascript:b) ![a](b) [a]: b",
        "a | b",
        "\\| \\` \\",
        "<https://evil.example>",
    ],
)
def test_markdown_shows_the_text_and_nothing_else(text):
    html = RENDER(f"{escape_markdown(text)}\n")
    assert tags(html) == ["p"]
    shown = re.sub(r"</?p>|\n", "", html)
    for entity, character in {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}.items():
        shown = shown.replace(entity, character)
    assert shown == " ".join(visible(text).split())


def test_markdown_table_cells_hold_any_text():
    html = RENDER(f"| a | b |\n|---|---|\n| {escape_markdown(HOSTILE)} | last |\n")
    assert tags(html) == ["table", "tbody", "td", "th", "thead", "tr"]
    assert html.count("<td>") == 2


def test_addresses_are_no_links():
    escaped = escape_markdown("see https://evil.example and www.evil.example")
    assert "://" not in escaped
    assert "www." not in escaped


def test_numbers_stay_readable():
    assert escape_markdown("0.612 (0.571 to 0.650), 95% and +0.010") == "0.612 (0.571 to 0.650), 95% and +0.010"
