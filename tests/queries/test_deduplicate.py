from pointsman.queries.base import Query
from pointsman.queries.deduplicate import deduplicate


def query(prompt, **options):
    return Query(prompt=prompt, category="c", family="f", source="s", **options)


LONG = (
    "a shop sells pens at three for two dollars and a customer who buys twenty four pens gets ten percent off the total"
)


def test_the_first_of_equal_texts_stays_whatever_case_and_white_space():
    kept = deduplicate([query("Hello  World"), query("hello world"), query("Bye")], None)
    assert [q.prompt for q in kept.queries] == ["Hello  World", "Bye"]
    assert (kept.exact, kept.near) == (1, 0)


def test_near_duplicates_go_only_where_asked():
    queries = [query(LONG), query(LONG + " today"), query("What is the capital of Peru?")]
    assert len(deduplicate(queries, None).queries) == 3
    kept = deduplicate(queries, 0.9)
    assert [q.prompt for q in kept.queries] == [LONG, "What is the capital of Peru?"]
    assert (kept.exact, kept.near) == (0, 1)


def test_short_questions_that_differ_in_a_word_stay():
    queries = [query(f"What is the capital of {name}?") for name in ("Peru", "Chad", "Fiji")]
    assert len(deduplicate(queries, 0.9).queries) == 3


def test_the_same_last_message_in_another_conversation_is_another_query():
    first = query("Go on", messages=[{"role": "user", "content": "Tell a joke"}])
    second = query("Go on", messages=[{"role": "user", "content": "Count to ten"}])
    assert len(deduplicate([first, second], None).queries) == 2
