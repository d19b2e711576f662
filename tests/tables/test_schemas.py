import pytest

from pointsman.tables.io import TableError
from pointsman.tables.schemas import DATASET, QUERIES, RATINGS, RESPONSES, check, frame, read_table, rows, write_table

QUERY = {"id": "a", "prompt": "Hi", "category": "c", "family": "f", "source": "s", "split": "train"}
RESPONSE = {"id": "a", "model": "m", "response": "x", "prompt_tokens": 3, "cost": 0.5}
RATING = {"id": "a", "role": "weak", "rating": 5.0, "score": 1.0, "method": "reference"}
ROW = {
    "id": "a",
    "text": "Hi",
    "category": "c",
    "family": "f",
    "split": "test",
    "weak_score": 0,
    "strong_score": 1,
    "gain": 1,
    "weak_cost": 0,
    "strong_cost": 2.5,
}


@pytest.mark.parametrize(
    ("schema", "listed"),
    [
        (
            QUERIES,
            [QUERY | {"reference": {"kind": "exact", "answer": "ü"}}, QUERY | {"id": "b", "metadata": {"x": [1]}}],
        ),
        (RESPONSES, [RESPONSE, {"id": "b", "model": "m", "error": "timeout"}]),
        (RATINGS, [RATING, {"id": "a", "role": "strong", "method": "reference", "error": "no response"}]),
    ],
)
def test_rows_survive_a_round_trip(tmp_path, schema, listed):
    path = tmp_path / "table.jsonl"
    write_table(path, frame(listed, schema), schema)
    again = rows(read_table(path, schema))
    assert again == [{name: row.get(name) for name in schema.columns} for row in listed]
    first = path.read_bytes()
    write_table(path, read_table(path, schema), schema)
    assert path.read_bytes() == first


def test_the_dataset_survives_as_parquet(tmp_path):
    write_table(tmp_path / "d.parquet", frame([ROW], DATASET), DATASET)
    (row,) = rows(read_table(tmp_path / "d.parquet", DATASET))
    assert row == ROW | {"difficulty": None}


@pytest.mark.parametrize(
    ("schema", "row", "message"),
    [
        (QUERIES, QUERY | {"prompt": " "}, "row 1, column 'prompt': found ' ', expected must not be blank"),
        (QUERIES, QUERY | {"split": "dev"}, "row 1, column 'split': found 'dev'"),
        (QUERIES, QUERY | {"reference": "B"}, "column 'reference'"),
        (QUERIES, QUERY | {"answer": "B"}, "'answer'"),
        (RATINGS, RATING | {"rating": 6}, "column 'rating': found 6.0"),
        (RATINGS, RATING | {"error": "x"}, "either a score or an error"),
        (RESPONSES, RESPONSE | {"error": "x"}, "either a response or an error"),
        (RESPONSES, RESPONSE | {"cost": -1}, "column 'cost': found -1"),
        (DATASET, ROW | {"gain": None}, "column 'gain'"),
    ],
)
def test_a_breach_names_row_column_value_and_check(schema, row, message):
    with pytest.raises(TableError, match=message):
        check(frame([row], schema), schema, "table")


def test_duplicate_ids_are_a_breach():
    with pytest.raises(TableError, match="'id'"):
        check(frame([QUERY, QUERY], QUERIES), QUERIES, "queries")


def test_an_empty_table_keeps_its_columns():
    table = check(frame([], RESPONSES), RESPONSES, "responses")
    assert list(table.columns) == list(RESPONSES.columns)
    assert rows(table) == []
