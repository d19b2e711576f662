import json

import pandas as pd
import pytest

from pointsman.queries.sources.file import generate
from pointsman.tables.io import TableError


def read(path, columns=None, max_prompt_chars=1000):
    return list(generate(path, columns or {}, max_prompt_chars))


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_prompt_column_is_enough(tmp_path):
    for path in (
        write(tmp_path, "q.jsonl", '{"prompt": "Hello?"}\n\n{"prompt": "Ünïcode"}\n'),
        write(tmp_path, "q.csv", 'prompt\nHello?\n"Ünïcode"\n'),
    ):
        assert [query.prompt for query in read(path)] == ["Hello?", "Ünïcode"]
    pd.DataFrame({"prompt": ["Hello?", "Ünïcode"]}).to_parquet(tmp_path / "q.parquet")
    queries = read(tmp_path / "q.parquet")
    assert [query.prompt for query in queries] == ["Hello?", "Ünïcode"]
    assert queries[0].category == queries[0].family == "general"


def test_other_column_names_are_mapped_and_dots_reach_into_objects(tmp_path):
    row = {"q": "Hi", "scores": {"small-3.1": 0.5, "big": 1}, "kind": "coding"}
    path = write(tmp_path, "q.jsonl", json.dumps(row))
    columns = {"prompt": "q", "weak_score": "scores.small-3.1", "strong_score": "scores.big", "category": "kind"}
    (query,) = read(path, columns)
    assert (query.prompt, query.category, query.family) == ("Hi", "coding", "coding")
    assert query.given == {"weak_score": 0.5, "strong_score": 1.0}


def test_the_users_ids_splits_answers_and_costs_are_kept(tmp_path):
    path = write(
        tmp_path,
        "q.csv",
        "id,prompt,split,weak_response,weak_rating,weak_cost\na1,Hi,test,Yo,5,0.001\n",
    )
    (query,) = read(path)
    assert (query.id, query.given_split) == ("a1", "test")
    assert query.given == {"weak_response": "Yo", "weak_rating": 5.0, "weak_cost": 0.001}


def test_a_conversation_gives_its_last_user_message_as_the_prompt(tmp_path):
    messages = [
        {"role": "user", "content": "First"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": [{"type": "text", "text": "Second"}, {"type": "image_url", "image_url": {}}]},
    ]
    path = write(tmp_path, "q.jsonl", json.dumps({"messages": messages}))
    (query,) = read(path)
    assert query.prompt == "Second"
    assert query.messages == messages


def test_conversations_that_end_alike_are_different_queries(tmp_path):
    rows = [
        {"messages": [{"role": "system", "content": system}, {"role": "user", "content": "Continue."}]}
        for system in ("Be brief.", "Be kind.")
    ]
    path = write(tmp_path, "q.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    one, other = read(path)
    assert (one.prompt, other.prompt) == ("Continue.", "Continue.")
    assert one.id != other.id


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path):
    (query,) = read(write(tmp_path, "q.jsonl", b'\xef\xbb\xbf{"prompt": "a"}\n'))
    assert query.prompt == "a"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("q.jsonl", '{"prompt": "a"}\n{"prompt": \n', "line 2: not a JSON object"),
        ("q.jsonl", "[1]\n", "line 1: found list, expected a JSON object"),
        ("q.jsonl", b'{"prompt": "a"}\n{"prompt": "\xff"}\n', "line 2: not UTF-8"),
        ("q.csv", b"prompt\na\n\xff\n", "line 3: not UTF-8"),
        ("q.csv", "question\na\n", "row 1, column 'prompt': found nothing among question.*columns={prompt: COLUMN}"),
        ("q.csv", "prompt,id\na,1,2\n", "row 1 .line 2.: found 3 fields, expected 2"),
        ("q.csv", 'prompt,id\n"a,1\nb,2\n', "line 3: not CSV: unexpected end of data"),
        ("q.csv", "prompt,prompt\na,b\n", "line 1: column names .* repeat"),
        ("q.jsonl", '{"prompt": "half \\ud800 emoji"}\n', "row 1, column 'prompt': found '.*d800', expected text"),
        ("q.jsonl", '{"messages": [{"role": "user", "content": "\\ud800"}]}\n', "column 'messages': found '.*d800'"),
        ("q.csv", "", "holds no rows"),
        ("q.jsonl", '{"prompt": "  "}\n', "row 1, column 'prompt': found blank text"),
        ("q.jsonl", '{"prompt": 3}\n', "row 1, column 'prompt': found 3, expected text"),
        ("q.csv", "prompt,id\na,x\nb,x\n", "row 2, column 'id': 'x' is already in row 1"),
        ("q.csv", "prompt,weak_rating\na,6\n", "row 1, column 'weak_rating': found '6', expected a number from 1 to 5"),
        ("q.jsonl", '{"prompt": "a", "weak_score": NaN}\n', "column 'weak_score': found nan"),
        ("q.csv", "prompt,strong_score\na,nan\n", "column 'strong_score': found 'nan'"),
        ("q.csv", "prompt,weak_cost\na,inf\n", "column 'weak_cost': found 'inf'"),
        ("q.csv", "prompt,split\na,dev\n", "column 'split': found 'dev', expected one of train"),
        (
            "q.csv",
            f"prompt\n{'x' * 1001}\n",
            "found 1,001 characters, expected at most 1,000 .queries.max_prompt_chars",
        ),
        ("q.csv", "prompt,messages\na,[\n", "column 'messages': found '\\['"),
        ("q.jsonl", '{"messages": [{"content": "a"}]}\n', "column 'messages'.*role and content"),
        ("q.jsonl", '{"messages": [{"role": "user", "content": 5}]}\n', "column 'messages'.*role and content"),
        ("q.jsonl", '{"messages": [{"role": "user", "content": ["a"]}]}\n', "column 'messages'.*role and content"),
        (
            "q.jsonl",
            '{"prompt": "hi", "messages": [{"role": "assistant", "content": "a"}]}\n',
            "column 'messages': found no text of a user",
        ),
        ("q.txt", "a", "found suffix '.txt'"),
        ("q.parquet", "not parquet", "not a Parquet file"),
    ],
)
def test_bad_input_is_named_by_file_row_and_column(tmp_path, name, content, message):
    path = write(tmp_path, name, content)
    with pytest.raises(TableError, match=message) as caught:
        read(path)
    assert name in str(caught.value)


def test_a_mapping_to_a_missing_column_or_from_an_unknown_name_is_refused(tmp_path):
    path = write(tmp_path, "q.csv", "text\na\n")
    with pytest.raises(TableError, match="column 'question': found no such column among text"):
        read(path, {"prompt": "question"})
    with pytest.raises(TableError, match="unknown name 'promt'; allowed: prompt"):
        read(path, {"promt": "text"})


def test_a_missing_file_says_which_setting_names_it(tmp_path):
    with pytest.raises(TableError, match="does not exist.*queries.path"):
        read(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TableError, match="folder.csv is no file"):
        read(tmp_path / "folder.csv")
