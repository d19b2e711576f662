import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt

from pointsman.report.build import build_report
from pointsman.report.render import render_html, render_markdown, render_pictures


class Page(HTMLParser):
    """Tags, ids, attributes and headings of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.ids, self.attributes, self.headings = set(), [], set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value for name, value in attrs if name == "id"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)


def test_equal_inputs_give_equal_bytes(inputs):
    first, second = build_report(inputs), build_report(inputs)
    assert render_html(first) == render_html(second)
    assert render_markdown(first) == render_markdown(second)
    assert render_pictures(first) == render_pictures(second)


def test_no_date_in_any_output(report):
    for text in (render_html(report), render_markdown(report), *render_pictures(report).values()):
        assert not re.search(r"20\d\d-\d\d-\d\d", text)


def test_the_verdict_comes_first_in_both(report):
    html, markdown = render_html(report), render_markdown(report)
    first = report.verdict.lines[0]
    assert html.index(first.replace("'", "&#39;")) < html.index("Quality and cost")
    assert markdown.split("\n\n")[2] == f"**{first}**"


def test_html_is_one_file_under_a_strict_policy(report):
    html = render_html(report)
    page = Page(html)
    assert "default-src 'none'" in html
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form"}
    assert not re.search(r"(src|href)=\"(?!#)", html)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_html_is_accessible(report):
    html = render_html(report)
    page = Page(html)
    assert '<html lang="en">' in html
    assert page.headings[0] == "h1"
    assert set(page.headings[1:]) == {"h2"}
    assert len(page.ids) == len(set(page.ids))
    assert html.count("<svg") == html.count('role="img" aria-labelledby=') == 3


def test_hostile_text_adds_no_markup_to_html(report, hostile_report):
    plain, hostile = Page(render_html(report)), Page(render_html(hostile_report))
    assert hostile.tags <= plain.tags | {"pre"}
    assert "onerror" not in hostile.attributes
    assert "\u202e" not in render_html(hostile_report)


def test_hostile_text_adds_no_markup_to_markdown(report, hostile_report):
    def tags(markdown):
        html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)
        assert set(re.findall(r'(?:src|href)="([^"]*)"', html)) == {"curve.svg"}
        assert all("evil" not in tag for tag in re.findall(r"<[^>]*>", html))
        return set(re.findall(r"<(\w+)", html))

    markdown = render_markdown(hostile_report)
    assert tags(markdown) <= tags(render_markdown(report))
    assert "\u202e" not in markdown


def test_every_markdown_table_row_has_all_cells(hostile_report):
    for block in re.findall(r"(?:^\|.*\n)+", render_markdown(hostile_report), re.MULTILINE):
        assert len({row.count("|") for row in block.splitlines()}) == 1


def test_templates_in_queries_are_not_run(hostile_report):
    assert "{{ 7 * 7 }}" in render_html(hostile_report)


def test_the_picture_has_title_description_and_a_background(report):
    svg = render_pictures(report)["curve.svg"]
    assert svg.startswith("<svg")
    assert '<title id="curve-title">What a router costs and keeps</title>' in svg
    assert "<desc" in svg
    assert 'fill="#ffffff"' in svg
    assert "currentColor" not in svg
