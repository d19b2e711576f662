import xml.etree.ElementTree as ET

import numpy as np
import pytest

from pointsman.report.figures import Axis, Line, describe, draw_curves, standalone

AXES = (Axis("cost", True), Axis("quality", True))


def draw(name="curve", title="Title", description="What it shows", router="bert"):
    line = Line(router, np.array([0.0, 1.0]), np.array([0.5, 1.0]))
    return describe(draw_curves(name, title, description, [line], AXES))


def test_svg_is_well_formed_also_with_hostile_texts():
    for svg in (draw().svg, standalone(draw(title="<a> & ]]>", description="<script>", router="$x_1$ <b> &"))):
        assert ET.fromstring(svg).tag.endswith("svg")


def test_texts_are_no_formulas():
    assert "$x_1$" in draw(router="$x_1$").svg


def test_two_figures_share_no_id():
    ids = [{node.get("id") for node in ET.fromstring(draw(name).svg).iter()} - {None} for name in ("one", "two")]
    assert not ids[0] & ids[1]


def test_lines_follow_the_page_and_the_file_is_dark_on_white():
    assert "currentColor" in draw().svg
    assert "currentColor" not in standalone(draw())


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page", ["#ffffff", "#14161a"])
def test_lines_stand_out_on_light_and_dark_pages(page):
    from pointsman.report.figures import _INK, _STYLES

    for style in _STYLES.values():
        if style["color"] != _INK:
            high, low = sorted((luminance(style["color"]), luminance(page)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 3.0, style
