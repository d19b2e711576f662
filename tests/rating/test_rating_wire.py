import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.rating.jail.wire import Channel, WireError, decode, encode

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
)
KEYS = SCALARS | st.tuples(SCALARS, SCALARS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner) | st.sets(KEYS) | st.frozensets(KEYS)
    ),
    max_leaves=20,
)


def refuse(value: Any) -> Any:
    raise AssertionError(f"{value!r} is plain")


@given(VALUES)
def test_plain_values_survive(value: Any) -> None:
    found = decode(encode(value, refuse), refuse)
    assert found == value
    assert type(found) is type(value)


@given(
    st.recursive(
        SCALARS.filter(lambda v: not isinstance(v, bytes | complex)),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("iftdszabcro?"), inner),
    )
)
def test_nonsense_is_refused_or_plain(value: Any) -> None:
    try:
        decode(value, lambda handle: handle)
    except WireError:
        return


def test_anything_else_travels_as_a_handle() -> None:
    things = [object()]
    assert encode(things[0], lambda value: [things.index(value), "object"]) == {"o": [0, "object"]}
    assert decode({"o": 0}, things.__getitem__) is things[0]


@pytest.fixture
def pair() -> Any:
    reader, writer = os.pipe()
    yield Channel(reader, writer, 100, time.monotonic() + 0.2), reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            continue


def test_messages_arrive_in_order(pair: Any) -> None:
    channel, *_ = pair
    channel.send({"a": [1, "ü"]})
    channel.send("next")
    assert [channel.receive(), channel.receive()] == [{"a": [1, "ü"]}, "next"]


def test_silence_ends_with_the_deadline(pair: Any) -> None:
    with pytest.raises(WireError, match="too slow"):
        pair[0].receive()


def test_a_closed_end_is_told(pair: Any) -> None:
    channel, _, writer = pair
    os.close(writer)
    with pytest.raises(WireError, match="ended"):
        channel.receive()


def test_too_large_a_message_is_neither_sent_nor_read(pair: Any) -> None:
    channel, _, writer = pair
    with pytest.raises(WireError, match="more than 0 KiB"):
        channel.send("x" * 100)
    os.write(writer, (2**31).to_bytes(4, "big"))
    with pytest.raises(WireError, match="more than 0 KiB"):
        channel.receive()


@pytest.mark.parametrize("data", [b"nonsense", b"\xff\xfe", b"[" * 90])
def test_what_is_no_json_is_refused(pair: Any, data: bytes) -> None:
    channel, _, writer = pair
    os.write(writer, len(data).to_bytes(4, "big") + data)
    with pytest.raises(WireError, match="not a message"):
        channel.receive()


def test_the_inside_of_the_sandbox_needs_the_standard_library_only() -> None:
    program = "import pointsman.rating.jail.launch, sys; print([m for m in sys.modules if m.startswith('pointsman')])"
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(Path.cwd())!r}); {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pointsman.rating.jail.wire" in found.stdout
    assert "config" not in found.stdout
