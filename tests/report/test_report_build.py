"""The report of unusual data: it still renders, and says why something is missing."""

import pytest
from report_cases import edit_json, make_dataset, settings, write_project

from pointsman.report.build import build_report
from pointsman.report.content import Figure, Table
from pointsman.report.inputs import read_inputs
from pointsman.report.render import render_html, render_markdown
from pointsman.tables.io import TableError, write_json
from pointsman.tables.schemas import SCORES, read_table, write_table


@pytest.fixture
def render(tmp_path):
    """Write a project, change it, and return the report, its HTML and its Markdown."""

    def rendered(dataset, edit=None, **options):
        write_project(tmp_path, dataset, **options)
        if edit:
            edit(tmp_path)
        report = build_report(read_inputs(tmp_path, settings()))
        return report, render_html(report), render_markdown(report)

    return rendered


def section(report, anchor):
    return next(section for section in report.sections if section.anchor == anchor)


def tables(report, anchor):
    return [block for block in section(report, anchor).blocks if isinstance(block, Table)]


def test_sections_in_order(report):
    assert [section.anchor for section in report.sections] == [
        "curves", "routers", "pairs", "categories", "calibration", "controls", "robustness", "choice", "decisions", "data", "limits",
        "spending", "timing",
    ]  # fmt: skip


def test_every_column_of_measures_is_explained(report):
    table = tables(report, "routers")[0]
    assert all(column.meaning for column in table.columns[1:])
    assert {row[0] for row in table.rows} >= {"bert", "semantic", "llm", "knn", "length", "oracle", "shuffled"}


def test_the_chosen_router_stands_out(report, inputs):
    table = tables(report, "routers")[0]
    assert [table.rows[number][0] for number in table.marked] == [inputs.chosen]


def test_categories_carry_counts_and_intervals(report):
    table = tables(report, "categories")[0]
    assert [row[:2] for row in table.rows] == [("coding", "40†"), ("factual", "40†"), ("reasoning", "40†")]
    assert all(" to " in row[4] for row in table.rows)


def test_a_dear_router_does_not_press_the_others_together(render):
    def make_dear(root):
        path = root / "reports/routers/llm/scores.jsonl"
        write_table(path, read_table(path, SCORES).assign(router_cost=20.0), SCORES)

    report, _, _ = render(make_dataset(), edit=make_dear)
    figure = next(block for block in section(report, "curves").blocks if isinstance(block, Figure))
    assert "Beyond the right edge: llm (2" in figure.description
    assert "120%" in figure.svg
    assert "140%" not in figure.svg


def test_controls_are_as_expected(report):
    found = {row[0]: row[4] for row in tables(report, "controls")[0].rows}
    assert found["always_weak"] == found["always_strong"] == "as expected"
    assert set(found) == {"random", "shuffled", "always_weak", "always_strong", "oracle"}


def test_controls_that_surprise_are_named(render):
    def break_controls(root):
        metrics = read_inputs(root, settings()).metrics
        metrics["test"]["routers"]["shuffled"] |= {"apgr": 0.8, "apgr_ci": [0.75, 0.85]}
        edit_json(root / "reports/metrics.json", test=metrics["test"])

    report, _, _ = render(make_dataset(80), break_controls)
    assert {row[0]: row[4] for row in tables(report, "controls")[0].rows}["shuffled"] == "not as expected"


def test_fixed_routers_cost_what_their_model_costs(report, inputs):
    costs = {row[0]: row[-1] for row in tables(report, "routers")[0].rows}
    taken = inputs.split("test")
    assert float(costs["always_weak"]) == pytest.approx(taken.outcomes.weak_cost.mean(), rel=1e-3)
    assert float(costs["always_strong"]) == pytest.approx(taken.outcomes.strong_cost.mean(), rel=1e-3)


def test_samples_span_the_ranking_from_weak_to_strong(report):
    items = section(report, "decisions").blocks[1].items
    assert len(items) == 6
    scores = [float(item.score) for item in items]
    assert scores == sorted(scores)
    assert [item.route for item in items] == sorted((item.route for item in items), reverse=True)


def test_clock_values_stay_out_of_the_markdown(render):
    _, html, markdown = render(make_dataset(80))
    assert "seconds 61.5" in html
    assert "seconds" not in markdown


def test_changes_of_wording_stand_with_the_most_harmful_first(report):
    [table] = tables(report, "robustness")
    assert [row[0] for row in table.rows] == ["none", "upper case", "typos"]
    assert table.rows[1][1] == "10% (5% to 15%)"
    assert table.rows[1][4] == "–"


def test_every_two_routers_are_compared_and_length_is_told_apart(report):
    pairs, length = tables(report, "pairs")
    names = [row[0] for row in pairs.rows]
    assert set(names) == {"bert", "semantic", "llm", "knn", "length"}
    for number, row in enumerate(pairs.rows):
        assert row[1 + number] == "–"
        for other in range(number):
            one, opposite = row[1 + other], pairs.rows[other][1 + number]
            assert one.rstrip("*").lstrip("+−") == opposite.rstrip("*").lstrip("+−")
            assert one.endswith("*") == opposite.endswith("*")
    correlations = {row[0]: row[1] for row in length.rows}
    assert set(correlations) == set(names)


def test_studies_are_shown_where_they_were_asked_for(render):
    point = {"apgr": 0.6, "apgr_ci": [0.5, 0.7]}
    band = {"apgr": [0.6, 0.7], "mean": 0.65, "low": 0.6, "high": 0.7, "sd": 0.0707}
    labels = [{"labels": 50, **point}, {"labels": 1000, **point, "apgr": None, "apgr_ci": None}]
    found = {"bert": {"seeds": band, "labels": labels, "shuffled": {"apgr": 0.51, "apgr_ci": [0.4, 0.6]}}}
    found["knn"] = {"seeds": None, "labels": labels[:1], "shuffled": None}
    report, _, _ = render(make_dataset(80), lambda root: write_json(root / "reports/studies.json", found))
    seeds, curve = tables(report, "studies")
    assert seeds.rows[0] == ("bert", "2", "0.650", "0.600", "0.700", "0.071", "0.510 (0.400 to 0.600)")
    assert seeds.rows[1] == ("knn", "–", "–", "–", "–", "–", "–")
    assert [column.name for column in curve.columns] == ["router", "50 labels", "1,000 labels"]
    assert curve.rows[1] == ("knn", "0.600 (0.500 to 0.700)", "–")


def test_what_was_asked_and_spent_is_in_the_html_alone(render):
    report, html, markdown = render(make_dataset(80))
    [table] = tables(report, "spending")
    assert table.rows == (
        ("responses@weak", "local/tiny-model", "240", "200", "30", "10", "2", "4,321", "1,234", "5.5", "0.25"),
    )
    assert "spent $0.1250 in all" in html
    assert "responses@weak" not in markdown


def test_without_timing_recordings_and_answers(render):
    report, html, markdown = render(make_dataset(80), answers=False, timing=False)
    assert not {"timing", "spending"} & {section.anchor for section in report.sections}
    assert "no answers lie here, its scores were brought along" in markdown
    assert "Recorded answers" not in markdown
    assert "<summary>Answers</summary>" not in html


def test_without_unseen_families(render):
    _, _, markdown = render(make_dataset(80, unseen=False))
    assert "No family of queries was kept out of training whole" in markdown


def test_one_class_only(render):
    report, html, markdown = render(make_dataset(240).assign(weak_score=1.0, strong_score=1.0, gain=0.0))
    assert "cannot be measured" in report.verdict.lines[0]
    assert "AUROC is undefined" in markdown
    assert "–: undefined" in html


def test_weak_better_than_strong(render):
    strong_fails = make_dataset(120).assign(weak_score=1.0, strong_score=0.0, gain=-1.0)
    report, _, markdown = render(strong_fails)
    assert {fact.label: fact.value for fact in report.verdict.facts}["Quality kept"] == "–"
    assert "which scores nothing" in markdown


def test_no_cost_at_all(render):
    _, html, markdown = render(make_dataset(80).assign(weak_cost=0.0, strong_cost=0.0), unit="strong calls")
    assert "has no cost to save" in markdown
    assert "cost per query" in html


@pytest.mark.parametrize(
    ("unit", "said"), [("USD", "US dollars"), ("relative", "not money"), ("strong calls", "No cost was known")]
)
def test_the_unit_of_costs_is_explained(render, unit, said):
    assert said in render(make_dataset(40), unit=unit)[2]


def test_no_winner_still_shows_what_was_measured(render):
    def unchoose(root):
        edit_json(root / "reports/winner.json", router=None, threshold=None, candidates=[], reason="none may be served")
        edit_json(root / "reports/metrics.json", winner=None)

    report, html, markdown = render(make_dataset(120), unchoose)
    assert report.verdict.lines[0] == "No router was chosen: none may be served."
    assert tables(report, "routers")[0].marked == frozenset()
    assert "There was no candidate." in markdown
    assert "<svg" in html


def test_no_test_queries_at_all(render):
    def empty(root):
        nothing = {"n": 0, "weak_score": None, "strong_score": None, "routers": {}}
        edit_json(root / "reports/metrics.json", test=nothing, test_unseen=nothing, winner=None)
        edit_json(root / "reports/winner.json", router=None, candidates=[])

    report, _, markdown = render(make_dataset(40), empty)
    assert not report.verdict.good
    assert "What could be measured on 0 test queries follows" in markdown


def test_few_queries_are_marked(render):
    _, _, markdown = render(make_dataset(24))
    assert "† Too few queries to say anything" in markdown
    assert "Only 12 queries" in markdown


def test_many_categories(render):
    report, _, _ = render(make_dataset(400, categories=tuple(f"category {number}" for number in range(21))))
    assert len(tables(report, "categories")[0].rows) == 21


def test_a_missing_file_is_named(tmp_path):
    write_project(tmp_path, make_dataset(40))
    (tmp_path / "data/ratings.jsonl").unlink()
    with pytest.raises(TableError, match=r"ratings\.jsonl is missing"):
        read_inputs(tmp_path, settings())
