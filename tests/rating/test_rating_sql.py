from typing import Any

import pytest

from pointsman.rating.checks.sql import SqlReferenceError, extract_queries, is_right

SCHEMA = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER);
INSERT INTO people VALUES (1, 'Ann', 30), (2, 'Bob', 25), (3, 'Cy', NULL), (4, 'Dee', 30);
"""


def reference(answer: str = "SELECT name FROM people WHERE age = 30", **more: Any) -> dict[str, Any]:
    return {"kind": "sql", "schema": SCHEMA, "answer": answer, "ordered": False, **more}


@pytest.mark.parametrize(
    "response",
    [
        "SELECT name FROM people WHERE age = 30",
        "SELECT name FROM people WHERE age = 30;",
        "select p.name from people as p where p.age >= 30 order by name desc;",
        "```sql\nSELECT name FROM people WHERE age = 30;\n```",
        "Here you are:\n```\nSELECT name\nFROM people\n\nWHERE age = 30\n```\nIt filters by age.",
        "```sql\nSELECT name FROM people WHERE age = 30",
        "You can use:\n\nSELECT name FROM people WHERE age = 30;\n\nThis selects the names.",
        "WITH old AS (SELECT * FROM people WHERE age = 30) SELECT name FROM old",
        "```sql\n-- the names; all of them\nSELECT name FROM people WHERE age = 30;\n```",
        "```sql\nCREATE TABLE people (id INTEGER);\nSELECT name FROM people WHERE age = 30;\n```",
        "```sql\nSELECT name FROM people WHERE age = 30;\n```\nOr else:\n```sql\nSELECT 1;\n```",
        "Use `SELECT name FROM people WHERE age = 30`.",
        "SELECT name FROM people WHERE age = 30 AND name <> 'a;b'",
    ],
)
def test_equal_rows_are_right_whatever_the_form(response: str) -> None:
    assert is_right(response, reference())[0]


@pytest.mark.parametrize(
    ("response", "detail"),
    [
        ("I do not know.", "no SELECT found"),
        ("```sql\nDROP TABLE people;\n```", "no SELECT found"),
        ("SELECT * FROM people WHERE age = 30", "2 rows, 2 expected"),
        ("SELECT name FROM people", "4 rows, 2 expected"),
        ("SELECT name FROM persons", "no such table"),
        ("SELECT name FROM people WHERE age = 30; SELECT 1", "2 queries, expected one"),
        ("SELECT name FROM", "incomplete input"),
        ("SELECT load_extension('x')", "not authorized|no such function"),
        ("SELECT name FROM pragma_table_info('people')", "not authorized|prohibited"),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", "interrupted"),
        ("SELECT printf('%.*c', 900000000, 'x') AS name FROM people WHERE age = 30", "not authorized"),
        ("SELECT hex(randomblob(900000000))", "not authorized|prohibited|too big"),
        ("WITH x AS (SELECT 1) DELETE FROM people", "not authorized|syntax"),
        (
            "WITH RECURSIVE x(s) AS (SELECT 'bb' UNION ALL SELECT s || s FROM x) SELECT trim(max(s), s) FROM x",
            "too big",
        ),
        (
            "WITH RECURSIVE x(n, s) AS (SELECT 1, 'b' UNION ALL SELECT n + 1, s || 'b' FROM x WHERE n < 9000), "
            "y(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM y) SELECT max(trim((SELECT max(s) FROM x), hex(y.n))) FROM y",
            "interrupted",
        ),
    ],
)
def test_other_rows_errors_and_everything_but_reading_are_wrong(response: str, detail: str) -> None:
    right, told = is_right(response, reference())
    assert not right
    assert any(part in told for part in detail.split("|"))


def test_order_counts_only_where_the_reference_says_so() -> None:
    ordered = reference("SELECT id FROM people ORDER BY id", ordered=True)
    assert is_right("SELECT id FROM people ORDER BY id", ordered)[0]
    assert not is_right("SELECT id FROM people ORDER BY id DESC", ordered)[0]
    assert is_right("SELECT id FROM people ORDER BY id DESC", ordered | {"ordered": False})[0]


def test_rows_count_as_often_as_they_come() -> None:
    twice = reference("SELECT age FROM people WHERE age = 30")
    assert not is_right("SELECT DISTINCT age FROM people WHERE age = 30", twice)[0]


def test_numbers_may_differ_a_millionth_and_text_is_no_number() -> None:
    third = reference(expected=[[1 / 3]])
    assert is_right("SELECT 0.3333333", third)[0]
    assert not is_right("SELECT 0.3333", third)[0]
    assert not is_right("SELECT '30'", reference(expected=[[30]]))[0]
    assert is_right("SELECT NULL", reference(expected=[[None]]))[0]


def test_expected_rows_need_no_query() -> None:
    assert is_right("SELECT count(*) FROM people", reference("", expected=[[4]]))[0]


@pytest.mark.parametrize(
    ("broken", "told"), [({"schema": "CREATE"}, "schema fails"), ({"answer": "SELECT x"}, "query fails")]
)
def test_a_broken_reference_is_not_the_responses_fault(broken: dict[str, str], told: str) -> None:
    with pytest.raises(SqlReferenceError, match=told):
        is_right("SELECT 1", reference() | broken)


def test_prose_after_the_query_is_left_out() -> None:
    assert extract_queries("SELECT 1\n\nThis selects one.") == ["SELECT 1"]
