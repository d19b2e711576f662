import logging

import pytest

from pointsman.config.rating import SandboxConfig
from pointsman.rating import grading
from pointsman.rating.grading import Item, grade_all
from pointsman.rating.references import GradingError, Verdict, verdict_key
from pointsman.rating.sandbox import Isolation

CODE = {"kind": "code", "entry_point": "f", "checks": ["assert f() == 1"], "setup": ""}
RIGHT, WRONG = Item("def f(): return 1", CODE), Item("def f(): return 2", CODE)
TEXT = Item("Paris", {"kind": "exact", "answer": "Paris"})
BROKEN = Item("x", {"kind": "essay"})


def scores(outcomes: list[Verdict | GradingError]) -> list[float | None]:
    return [found.score if isinstance(found, Verdict) else None for found in outcomes]


def test_outcomes_come_in_order_with_errors_in_place(limits: SandboxConfig, isolated: None) -> None:
    graded = grade_all([WRONG, TEXT, BROKEN, RIGHT, WRONG], limits, 2, {})
    assert scores(graded.outcomes) == [0.0, 1.0, None, 1.0, 0.0]
    assert set(graded.live) == {verdict_key(*RIGHT), verdict_key(*WRONG)}


def test_any_number_of_workers_gives_the_same(limits: SandboxConfig, isolated: None) -> None:
    items = [Item(f"def f(): return {number}", CODE) for number in range(6)]
    assert grade_all(items, limits, 1, {}) == grade_all(items, limits, 4, {})


def test_recorded_verdicts_run_nothing(limits: SandboxConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grading, "available", lambda: pytest.fail("looked for a sandbox"))
    kept = Verdict(0.25, "recorded")
    graded = grade_all([RIGHT, TEXT], limits, 1, {verdict_key(*RIGHT): kept})
    assert graded.outcomes == [kept, Verdict(1.0, "the whole response")]
    assert graded.live == {}


def test_without_isolation_code_ends_as_an_error_and_text_is_graded(
    limits: SandboxConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grading, "available", lambda: Isolation(False, False, "unshare: not permitted"))
    graded = grade_all([RIGHT, TEXT], limits, 1, {})
    assert str(graded.outcomes[0]) == "not run: no isolation on this platform (unshare: not permitted)"
    assert scores(graded.outcomes) == [None, 1.0]
    assert graded.live == {}


def test_a_weaker_isolation_is_said_once(
    limits: SandboxConfig, isolated: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(grading, "available", lambda: Isolation(True, False, "system calls are not filtered"))
    with caplog.at_level(logging.WARNING):
        grade_all([RIGHT, WRONG], limits, 2, {})
    assert [record.getMessage() for record in caplog.records] == [
        "code checks are less isolated than they could be: system calls are not filtered"
    ]
