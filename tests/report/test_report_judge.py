"""The section on the judge: how far it can be trusted, in words, and nothing where there is none."""

import numpy as np
import pytest
from report_cases import HOSTILE, make_dataset, settings, write_project

from pointsman.report.build import build_report
from pointsman.report.inputs import read_inputs
from pointsman.report.render import render_html, render_markdown
from pointsman.tables.schemas import JUDGEMENTS, RATINGS, RESPONSES, frame, write_table

ROLES = ("weak", "strong")


def judgements(dataset, noise, *, pairwise=False, checked=120, model="openai/judge-9"):
    """Verdicts on every answer: the first so many queries are also checked; `noise` is the share of random verdicts."""
    generator = np.random.default_rng(5)
    rows = []
    for number, row in enumerate(dataset.to_dict("records")):
        known = number < checked
        true = np.sign(row["gain"])
        for role in ROLES:
            is_random = generator.random() < noise
            rating = int(generator.integers(1, 6)) if is_random else int(1 + 4 * row[f"{role}_score"])
            choice = ("weak", "tie", "strong")[int(generator.integers(0, 3)) if is_random else int(1 + true)]
            verdict = {"preferred": choice} if pairwise else {"rating": rating}
            common = {"id": row["id"], "role": role, "judge_model": model, "decides": not known, "guided": False}
            common |= {"form": "json_schema", "repaired": number == 3, "rationale": "…"}
            common |= {f"{each}_reference": row[f"{each}_score"] if known else None for each in ROLES}
            rows.append({"repeat": 0, **common, **verdict})
            if number % 8 == 0:
                rows.append({"repeat": 1, **common, **verdict})
    return rows


@pytest.fixture
def build(tmp_path):
    """Write a project in which the judge decides half of the scores; return its report."""

    def built(noise=0.1, judge=None, **options):
        dataset = make_dataset()
        write_project(tmp_path, dataset)
        answers = [
            {"id": name, "model": "strong", "response": "x" * (5 + n % 11)} for n, name in enumerate(dataset["id"])
        ]
        write_table(tmp_path / "data/responses/strong.jsonl", frame(answers, RESPONSES), RESPONSES)
        rows = judgements(dataset, noise, **options)
        write_table(tmp_path / "data/judgements.jsonl", frame(rows, JUDGEMENTS), JUDGEMENTS)
        rated = [
            {"id": row["id"], "role": role, "rating": 1 + 4 * row[f"{role}_score"], "score": row[f"{role}_score"]}
            | ({"method": "reference"} if number < 120 else {"method": "judge", "judge_model": rows[0]["judge_model"]})
            for number, row in enumerate(dataset.to_dict("records"))
            for role in ROLES
        ]
        write_table(tmp_path / "data/ratings.jsonl", frame(rated, RATINGS), RATINGS)
        changes = {"judge": settings().judge.model_copy(update=judge)} if judge else {}
        return build_report(read_inputs(tmp_path, settings(**changes)))

    return built


def section(report):
    return next(section for section in report.sections if section.anchor == "judge")


def tables(report):
    return {block.caption.split(" (")[0]: block for block in section(report).blocks if block.kind == "table"}


def facts(report):
    return next(block for block in section(report).blocks if block.kind == "bullets").items


def test_without_a_judge_there_is_no_section(report):
    assert "judge" not in [section.anchor for section in report.sections]


def test_a_good_judge_is_described_and_warned_of_nowhere(build):
    report = build()
    said = facts(report)
    assert said[0] == (
        "openai/judge-9 rated answers from 1 to 5, without being told who wrote them; 240 of 480 scores rest on it."
    )
    assert said[1] == "540 verdicts asked for, 0 failed, 2 readable only after a repair."
    assert "Agreement with the checks, as kappa" in said[2]
    assert said[3] == "Asked again, it gave the same verdict in 100% of 60 cases."
    assert all(block.kind != "text" for block in section(report).blocks)
    assert not any("kappa" in line for line in report.verdict.lines)


def test_the_tables_hold_confusion_correction_and_biases(build):
    found = tables(build())
    assert list(found) == [
        "What the judge says of what the checks say",
        "Shares, corrected for the judge's errors",
        "Biases",
    ]
    confusion, corrected, biases = found.values()
    assert [row[0] for row in confusion.rows] == ["checks: 1 of 5", "checks: 5 of 5"]
    assert sum(int(cell) for row in confusion.rows for cell in row[1:]) == 240
    assert [row[0] for row in corrected.rows] == ["right weak answers", "right strong answers"]
    assert [row[3] for row in corrected.rows] == ["120", "120"]
    assert all(" to " in row[5] for row in corrected.rows)
    assert [(row[0], row[3]) for row in biases.rows] == [("the longer answer", "no lean shown")]
    assert int(biases.rows[0][2]) >= 20


def test_a_poor_judge_is_warned_of_in_the_section_and_in_the_verdict(build):
    report = build(noise=0.95)
    warning = section(report).blocks[0].text
    assert warning.startswith("The judge agrees poorly with the checks: kappa is ")
    assert "below 0.4" in warning
    assert any(line.startswith(warning) for line in report.verdict.lines)
    assert not report.verdict.good
    for text in (render_html(report), render_markdown(report)):
        assert text.count("The judge agrees poorly with the checks") == 2


def test_comparisons_are_described_as_such(build):
    report = build(pairwise=True)
    assert "compared the two answers to a query, in both orders" in facts(report)[0]
    assert "A score is relative here" in facts(report)[2]
    found = tables(report)
    assert [row[0] for row in found["What the judge says of what the checks say"].rows] == [
        "checks: weak is better", "checks: as good", "checks: strong is better",
    ]  # fmt: skip
    assert [row[0] for row in found["Shares, corrected for the judge's errors"].rows] == [
        "queries where strong is better"
    ]
    assert [row[0] for row in found["Biases"].rows] == ["the answer shown first", "the longer answer"]


def test_where_nothing_was_checked_the_report_says_that_nothing_is_known(build):
    report = build(checked=0)
    [text] = [block.text for block in section(report).blocks if block.kind == "text"]
    assert text.startswith("No answer was both checked and judged")
    [table] = tables(report).values()
    assert table.notes == ("No pair was checked, so that a lean may also mean that those answers are better.",)


def test_a_lean_to_the_own_family_is_measured_where_there_is_one(build):
    report = build(model="small-judge", judge={"families": {"small-judge": "small"}})
    assert [row[0] for row in tables(report)["Biases"].rows] == ["the longer answer", "its own family's answer"]


def test_a_hostile_name_stays_text(build):
    report = build(model=HOSTILE)
    assert "<script>document" not in render_html(report)
    assert "<script>" not in render_markdown(report)
