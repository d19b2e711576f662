from collections import Counter
from pathlib import Path

import pytest

from pointsman.rating.accuracy import agreement, check_right, main
from pointsman.tables.io import read_lines

FILE = Path(__file__).with_name("graded_responses.jsonl")


def test_the_checks_agree_with_a_reader_of_real_responses(isolated: None) -> None:
    rows = list(read_lines(FILE))
    *kinds, total = agreement(rows, check_right(rows))
    assert total.n == len(rows) >= 120
    assert total.precision is not None and total.precision >= 0.98
    assert total.recall is not None and total.recall >= 0.98
    assert all((kind.precision or 0) >= 0.95 and (kind.recall or 0) >= 0.95 for kind in kinds)


def test_the_responses_are_many_sided() -> None:
    rows = list(read_lines(FILE))
    counts = Counter((row["reference"]["kind"], row["right"]) for row in rows)
    assert min(counts[kind, right] for kind in ("choice", "code", "exact", "numeric") for right in (True, False)) >= 20
    assert all(row["why"] for row in rows)


def test_precision_and_recall() -> None:
    def row(right: bool) -> dict[str, object]:
        return {"reference": {"kind": "exact"}, "right": right}

    rows = [row(True), row(True), row(False), row(False), row(True)]
    found = agreement(rows, [True, False, True, False, None])
    assert [tuple(line) for line in found] == [("exact", 4, 2, 0.5, 0.5), ("all", 4, 2, 0.5, 0.5)]
    assert agreement([row(False)], [False])[-1] == ("all", 1, 0, None, None)


def test_the_command_prints_a_line_for_each_kind_and_disagreement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "graded.jsonl"
    path.write_text(
        '{"reference": {"kind": "exact", "answer": "x"}, "response": "y", "right": true, "why": "a slip"}\n'
    )
    monkeypatch.setattr("sys.argv", ["accuracy", str(path)])
    main()
    printed = capsys.readouterr().out
    assert "exact             1     1          –   0.000" in printed
    assert "line 1: read as True (a slip), checked as False: 'y'" in printed
