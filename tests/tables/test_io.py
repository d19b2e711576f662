import errno
import json
from pathlib import Path

import pandas as pd
import pytest

from pointsman.tables import io


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    io.write_json(path, {"x": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        io.write_json(path, {"x": float("nan")})
    assert io.read_json(path) == {"x": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.jsonl"
    io.write_lines(path, [{"x": 1}])

    def rows():
        yield {"x": 2}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        io.write_lines(path, rows())
    assert list(io.read_lines(path)) == [{"x": 1}]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_names_the_file(tmp_path):
    with pytest.raises(OSError, match="No space left") as caught, io.atomic(tmp_path / "a") as file:
        file.write("x")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(tmp_path / "a")


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with io.atomic_folder(tmp_path / "model") as folder:
        (folder / "weights").write_text("old")
        (folder / "extra").write_text("x")
    with pytest.raises(KeyboardInterrupt), io.atomic_folder(tmp_path / "model") as folder:
        (folder / "weights").write_text("half")
        raise KeyboardInterrupt
    assert (tmp_path / "model/weights").read_text() == "old"
    with io.atomic_folder(tmp_path / "model"):
        pass  # as the second of two processes, which writes nothing
    assert (tmp_path / "model/weights").read_text() == "old"
    with io.atomic_folder(tmp_path / "model") as folder:
        (folder / "weights").write_text("new")
    assert [file.name for file in (tmp_path / "model").iterdir()] == ["weights"]
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


def test_equal_values_give_equal_bytes(tmp_path):
    io.write_json(tmp_path / "a", {"b": 1, "a": "ü"})
    io.write_json(tmp_path / "b", json.loads('{"a": "ü", "b": 1}'))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    table = pd.DataFrame({"x": ["a", "b"], "y": [0.1, 0.2]})
    io.write_parquet(tmp_path / "c", table)
    io.write_parquet(tmp_path / "d", table.copy())
    assert (tmp_path / "c").read_bytes() == (tmp_path / "d").read_bytes()


def test_lines_are_utf_8_with_unix_line_ends(tmp_path):
    assert io.write_lines(tmp_path / "a", [{"x": "ü"}, {"x": "\u2028"}]) == 2
    assert (tmp_path / "a").read_bytes().count(b"\n") == 2
    assert [row["x"] for row in io.read_lines(tmp_path / "a")] == ["ü", "\u2028"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\n{', "line 2: not a JSON object"),
        (b"3\n", "found int"),
        (b"\xff\n", "line 1.*UTF-8"),
    ],
)
def test_a_broken_line_is_named(tmp_path, content, message):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(io.TableError, match=message):
        list(io.read_lines(tmp_path / "a"))


@pytest.mark.parametrize("read", [io.read_json, lambda path: list(io.read_lines(path))])
def test_a_missing_file_says_what_writes_it(read):
    with pytest.raises(io.TableError, match="dvc repro"):
        read(Path("none.json"))
