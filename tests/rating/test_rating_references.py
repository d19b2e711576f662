import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.config.rating import SandboxConfig
from pointsman.rating.checks.code import extract_program
from pointsman.rating.references import GradingError, Verdict, grade, verdict_key

CASES = [
    ({"kind": "exact", "answer": "Paris", "aliases": ["Lutetia"]}, "The capital is Lutetia.", "Lyon"),
    ({"kind": "exact", "answer": "Paris"}, "Paris", "Lyon"),
    ({"kind": "numeric", "answer": 42, "tolerance": 0.5}, "42.3", "43"),
    ({"kind": "choice", "answer": "B", "options": {"A": "x", "B": "y"}}, "B", "A"),
    ({"kind": "set", "answer": ["1", "2"]}, "2 and 1", "1"),
    (
        {"kind": "reasoning_gym", "dataset": "lcm", "answer": "12", "entry": {"answer": "12", "metadata": {}}},
        "The answer is 12.",
        "6",
    ),
    (
        {"kind": "sql", "schema": "CREATE TABLE t (a);", "answer": "SELECT 1", "expected": [[1]], "ordered": False},
        "SELECT 1",
        "SELECT 2",
    ),
]


@pytest.mark.parametrize(("reference", "right", "wrong"), CASES, ids=lambda value: str(value)[:30])
def test_every_kind_tells_right_from_wrong(
    reference: dict[str, object], right: str, wrong: str, limits: SandboxConfig
) -> None:
    assert grade(right, reference, limits).score == 1.0
    assert grade(wrong, reference, limits).score == 0.0
    assert grade("", reference, limits).score == 0.0


def test_code_scores_by_its_checks(limits: SandboxConfig, isolated: None) -> None:
    reference = {"kind": "code", "entry_point": "f", "checks": ["assert f(1) == 1", "assert f(2) == 3"], "setup": ""}
    assert grade("def f(x): return x", reference, limits) == Verdict(
        0.5, "1 of 2 checks passed; first failure: AssertionError: "
    )


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        (
            {"kind": "essay"},
            "reference kind 'essay' is unknown; allowed: code, exact, numeric, choice, set, reasoning_gym, sql",
        ),
        ({}, "reference kind None is unknown"),
        ({"kind": "exact"}, "the reference of kind 'exact' is broken: KeyError"),
        ({"kind": "numeric", "answer": None}, "the reference of kind 'numeric' is broken: TypeError"),
        ({"kind": "numeric", "answer": "many"}, "the reference of kind 'numeric' is broken: ValueError"),
        (
            {"kind": "choice", "answer": "A", "options": ["x"]},
            "the reference of kind 'choice' is broken: AttributeError",
        ),
        (
            {"kind": "sql", "schema": "CREATE", "answer": "SELECT 1"},
            "the reference of kind 'sql' is broken: .*schema fails",
        ),
        (
            {"kind": "reasoning_gym", "dataset": "no_such", "entry": {}},
            "the reference of kind 'reasoning_gym' is broken",
        ),
        ({"kind": "code", "checks": []}, "the reference of kind 'code' is broken: KeyError"),
    ],
)
def test_a_broken_reference_is_an_error_and_no_verdict(
    reference: dict[str, object], told: str, limits: SandboxConfig
) -> None:
    with pytest.raises(GradingError, match=told):
        grade("SELECT 1", reference, limits)


def test_the_key_depends_on_response_and_reference_alone() -> None:
    one = verdict_key("x", {"kind": "exact", "answer": "y"})
    assert one == verdict_key("x", {"answer": "y", "kind": "exact"})
    assert (
        len(
            {
                one,
                verdict_key("z", {"kind": "exact", "answer": "y"}),
                verdict_key("x", {"kind": "exact", "answer": "z"}),
            }
        )
        == 3
    )
    assert len(verdict_key("\ud800", {})) == 64


PIECES = ["a", "1", "1,", "1/0 ", "9e999/3", " ", "\n", "Paris", " or ", "is ", "the answer is ", "A) ", "not ", "```\n", "$", "\\boxed{",
          "\\frac{1}{", "(", "[", "- ", "#### 4\n", "SELECT ", ";", "'", "def f():\n", "*", "%", ":", "\x00", "\ud800", "²", "½", "٣", "½/2"]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join))
def test_no_text_makes_a_check_fail(response: str) -> None:
    limits = SandboxConfig(wall_s=1, cpu_s=1, memory_mb=64, file_mb=1, processes=1, output_kb=1)
    for reference, *_ in CASES:
        assert grade(response, reference, limits).score in (0.0, 1.0)
    assert isinstance(extract_program(response, "f", "def f():\n"), str)


@pytest.mark.parametrize("piece", ["Paris, ", "Paris or ", "(", "- ", "```\n", "def f():\n", "\\boxed{", "1,", "is "])
def test_long_repetitions_take_no_time(piece: str, limits: SandboxConfig) -> None:
    started = time.process_time()
    for reference, *_ in CASES:
        grade(piece * 10_000, reference, limits)
    extract_program(piece * 10_000, "f", "def f():\n")
    assert time.process_time() - started < 5
