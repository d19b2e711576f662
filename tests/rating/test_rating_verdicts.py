import gzip
from pathlib import Path

import pytest

from pointsman.rating.references import Verdict
from pointsman.rating.verdicts import VerdictsError, read_verdicts, write_verdicts

VERDICTS = {"b" * 64: Verdict(0.5, "1 of 2 checks passed; first failure: ü"), "a" * 64: Verdict(1.0, "")}


def test_verdicts_survive(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl.gz"
    write_verdicts(path, VERDICTS)
    assert read_verdicts(path) == VERDICTS


def test_equal_verdicts_give_equal_bytes(tmp_path: Path) -> None:
    write_verdicts(tmp_path / "one", VERDICTS)
    write_verdicts(tmp_path / "other", dict(reversed(VERDICTS.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_no_file_is_no_verdicts(tmp_path: Path) -> None:
    assert read_verdicts(tmp_path / "none.jsonl.gz") == {}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"plain text", "cannot be read: .*git checkout"),
        (gzip.compress(b"{"), "cannot be read"),
        (gzip.compress(b""), "cannot be read"),
        (gzip.compress(b'{"format": 1}\n{"key": "a"}\n'), "cannot be read: KeyError"),
        (gzip.compress(b'{"format": 1}\n')[:-6], "cannot be read: EOFError"),
        (gzip.compress(b'{"format": 2}\n'), "has format 2, this Pointsman reads format 1"),
    ],
)
def test_a_damaged_or_newer_file_is_named(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "verdicts.jsonl.gz"
    path.write_bytes(data)
    with pytest.raises(VerdictsError, match=told):
        read_verdicts(path)
