import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pointsman.routers.stack.surface import MAX_CHARS, NAMES, surface


def of(text):
    return dict(zip(NAMES, surface([text])[0], strict=True))


def test_counts_of_a_word_problem():
    found = of("Tom pays $1.50 for each pen.\nHow much do 1,200 pens cost, if half of them are free?")
    assert found["log_numbers"] == np.log1p(2)
    assert found["log_largest_number"] == np.log1p(1200)
    assert found["log_median_number"] == np.log1p(600.75)
    assert found["log_lines"] == np.log1p(1)
    assert found["log_sentences"] == np.log1p(2)
    assert (found["decimals"], found["dollars"], found["questions"]) == (1, 1, 1)
    assert (found["ratio_words"], found["comparing_words"], found["ordering_words"]) == (1, 1, 1)
    assert (found["options"], found["code_marks"], found["negations"]) == (0, 0, 0)


def test_options_code_and_negations_are_seen():
    assert of("Which is not a metal?\nA. iron\nB) tin\n(C) sulphur\nD: zinc")["options"] == 4
    assert of("Which is not a metal, and isn't a gas?")["negations"] == 2
    assert of("def area(r):\n    return 3 * r * r")["code_marks"] == 1
    assert of("SELECT name FROM users")["code_marks"] == 1
    assert of(f"select {'x' * 198} from users")["code_marks"] == 1
    assert of(f"select {'x' * 199} from users")["code_marks"] == 0


@given(st.lists(st.sampled_from(["\n", " ", "\t", ".", "?", "(", "A", "x", ")", ":", "A. "]), max_size=40).map("".join))
def test_options_and_sentences_are_those_of_counting_by_hand(text):
    lines = [line.lstrip(" \t").removeprefix("(") for line in text.splitlines(keepends=True)]
    options = [line for line in lines if line[:1] == "A" and line[1:2] in {".", ")", ":"} and line[2:3].isspace()]
    ends = [place for place, sign in enumerate(text) if sign in ".?" and not text[place + 1 : place + 2].strip()]
    found = of(text)
    assert found["options"] == len(options)
    assert found["log_sentences"] == np.log1p(len(ends))


def test_only_the_beginning_of_a_long_text_is_read():
    assert of("a" * MAX_CHARS + "?")["questions"] == 0
    assert of("?" + "a" * MAX_CHARS)["questions"] == 1


@given(st.text(max_size=200))
def test_every_text_has_finite_features(text):
    assert np.isfinite(surface([text])).all()


def test_numbers_too_long_for_a_float_are_finite():
    assert np.isfinite(surface(["9" * 5000])).all()


def test_no_texts_give_no_rows():
    assert surface([]).shape == (0, len(NAMES))
