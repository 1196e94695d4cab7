"""A text of too many values is refused before it takes time or memory."""

import json
import time
import tracemalloc

import pytest

from events.codec.ijson import MAX_VALUES, check_number_of_values, loads
from events.conf import EventsConf
from events.exceptions import InvalidJSON, TooManyValues

MIB = 1024 * 1024
BODY = 16 * MIB


def repeated(part: bytes, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    """A body of 16 MiB."""
    return opening + b",".join([part] * (BODY // (len(part) + 1) - 1)) + closing


# Made by the tests: else each run of any test would make all of them, and keep them.
@pytest.mark.parametrize(
    "parts",
    [
        (b"1",),
        (b"[]",),
        (b'{"":0}',),
        (b'""',),
        (b'"\\""',),
        (b'"\\\\"',),
        (b'"":0', b"{", b"}"),
        (b'"a,b":[1,{"c":[]}]', b"{", b"}"),
    ],
    ids=lambda parts: repr(parts[0]),
)
def test_megabytes_of_values_are_refused_at_once_and_without_memory(parts: tuple[bytes, ...]) -> None:
    assert_refused(repeated(*parts))


def test_megabytes_of_values_behind_a_long_string_are_refused_too() -> None:
    assert_refused(b'"' + b"," * MIB + b'",' + b"1," * BODY)


def assert_refused(text: bytes) -> None:
    began = time.process_time()
    with pytest.raises(TooManyValues):
        loads(text)
    assert time.process_time() - began < 0.5
    tracemalloc.start()
    with pytest.raises(TooManyValues):
        loads(text)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * len(text)


@pytest.mark.parametrize(
    ("strings", "times"),
    [
        (["one, two, three {[ "], BODY // 20),
        (['say "yes", or \\ "no", '], BODY // 30),
        (["\\", '"', ",,,,,,,,[[[[{{{{", "\\\\", '\\"'], MIB),
        (["," * 100] * 10_000, 1),
    ],
    ids=lambda value: str(value[0][:10] if isinstance(value, list) else value),
)
def test_prose_of_many_commas_is_one_value(strings: list[str], times: int) -> None:
    longest = max(strings, key=len)
    value = [string * times if string == longest else string for string in strings]
    text = json.dumps(value).encode()
    assert len(text) > MAX_VALUES
    assert loads(text) == value


def test_nesting_without_end_is_told_as_such() -> None:
    with pytest.raises(InvalidJSON, match="nested more than 64 deep") as refused:
        loads(b"[" * BODY)
    assert not isinstance(refused.value, TooManyValues)


def test_strings_are_told_from_values_wherever_the_text_is_looked_at() -> None:
    for shift in range(0, 40, 3):
        text = json.dumps([" " * (MIB - 20 + shift), ',"' * 8, *[1] * 10]).encode() + b" " * MIB
        check_number_of_values(text, most=12)
        with pytest.raises(TooManyValues):
            check_number_of_values(text, most=11)


def test_whatever_one_event_may_hold_is_read() -> None:
    text = json.dumps([1] * (EventsConf().max_event_bytes // 2), separators=(",", ":")).encode()
    check_number_of_values(text)
    assert len(text) <= EventsConf().max_event_bytes + 1
