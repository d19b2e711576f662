"""The page in a browser: no requests, no errors, nothing of a stranger's text runs."""

import shutil

import pytest
from report_cases import HOSTILE

from pointsman.report.render import render_html
from pointsman.report.text import visible

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed"),
]
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*QUIET, "--disable-gpu", "--no-first-run"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser, hostile_report, tmp_path):
    """The hostile report, with what it asked for and complained of."""
    file = tmp_path / "index.html"
    file.write_text(render_html(hostile_report), "utf-8")
    page = browser.new_page(viewport={"width": 400, "height": 800})
    page.requests, page.complaints = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (page.complaints.append(dialog.message), dialog.dismiss()))
    page.goto(file.as_uri())
    yield page
    page.close()


def test_asks_for_nothing_and_complains_of_nothing(page):
    assert [url for url in page.requests if not url.endswith("/index.html")] == []
    assert page.complaints == []


def test_title_and_verdict_are_visible_and_hostile_text_is_only_text(page, hostile_report):
    assert page.title() == " ".join(visible(HOSTILE).split())
    assert page.locator("h1").is_visible()
    assert page.locator(".verdict .first").inner_text() == hostile_report.verdict.lines[0]
    assert page.locator("script").count() == page.locator("img").count() == page.locator("iframe").count() == 0
    assert page.locator("pre").first.inner_text().startswith("<script>document.title='owned'</script>")


def test_a_narrow_screen_scrolls_tables_not_the_page(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_dark_pages_are_dark(page):
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"
