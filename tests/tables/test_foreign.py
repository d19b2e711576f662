import pandas as pd
import pytest

from pointsman.tables.foreign import kind_of, read_rows
from pointsman.tables.io import TableError


def test_the_three_formats_give_the_same_rows(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"q": "x, \\"y\\"", "n": "1"}\n{"q": "two\\nlines", "n": "2"}\n', "utf-8")
    (tmp_path / "a.csv").write_bytes(b'\xef\xbb\xbfq,n\r\n"x, ""y""",1\r\n\r\n"two\nlines",2\r\n')
    pd.DataFrame({"q": ['x, "y"', "two\nlines"], "n": ["1", "2"]}).to_parquet(tmp_path / "a.parquet")
    expected = [{"q": 'x, "y"', "n": "1"}, {"q": "two\nlines", "n": "2"}]
    for name in ("a.jsonl", "a.csv", "a.parquet"):
        assert list(read_rows(tmp_path / name)) == expected


def test_rows_come_before_the_file_is_read_to_its_end(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"q\nfine\n" + b"more\n" * 100_000 + b"\xff\n")
    rows = read_rows(tmp_path / "a.csv")
    assert next(rows) == {"q": "fine"}
    with pytest.raises(TableError, match="line 100003: not UTF-8"):
        list(rows)


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(TableError, match="found suffix '.xlsx', expected one of .jsonl, .csv, .parquet"):
        kind_of(tmp_path / "a.xlsx")


def test_a_cut_parquet_file_is_named(tmp_path):
    whole = tmp_path / "a.parquet"
    pd.DataFrame({"q": ["x"] * 1000}).to_parquet(whole)
    whole.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(TableError, match="a.parquet: not a Parquet file"):
        list(read_rows(whole))
