"""What the strict JSON reader takes and refuses."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.codec.ijson import loads
from events.exceptions import InvalidJSON

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner)
    ),
    max_leaves=20,
)


@given(json_values)
def test_reads_everything_that_is_i_json(value: object) -> None:
    assert loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (b'{"a": 1, "a": 1}', ""),
        (b'{"a": "\\u0000"}', "/a"),
        (b'{"a": ["\\ud800"]}', "/a/0"),
        (b'{"\\udc00": 1}', ""),
        (b'{"a/b": {"c~d": 9007199254740992}}', "/a~1b/c~0d"),
        (b"-9007199254740992", ""),
        (b"1" * 5000, ""),
        (b"1e400", ""),
        (b"[1e999]", "/0"),
        (b"NaN", ""),
        (b"[-Infinity]", ""),
        (b"[" * 65 + b"]" * 65, "/0" * 64),
        (b"[" * 200_000, ""),
        (b"\xff\xfe", ""),
        (b'"\xed\xa0\x80"', ""),
        (b"\xef\xbb\xbf{}", ""),
        (b"", ""),
        (b"{", ""),
        (b"{} {}", ""),
        (b"{'a': 1}", ""),
        (b'"\n"', ""),
    ],
)
def test_refuses_what_is_not_and_says_where(text: bytes, pointer: str) -> None:
    with pytest.raises(InvalidJSON) as refused:
        loads(text)
    assert refused.value.pointer == pointer


def test_documents_within_a_body_nest_as_deep_as_each_alone() -> None:
    def body(depth: int) -> bytes:
        return b'[{"payload":' + b"[" * depth + b"]" * depth + b',"other":1}]'

    assert loads(body(64), documents={"payload"})
    for text, pointer in (
        (body(65), "/0/payload" + "/0" * 64),
        (body(64).replace(b"payload", b"other", 1), "/0/other"),
    ):
        with pytest.raises(InvalidJSON) as refused:
            loads(text.replace(b',"other":1', b""), documents={"payload"})
        assert refused.value.pointer.startswith(pointer)


def test_a_document_within_a_document_gets_no_more_room() -> None:
    with pytest.raises(InvalidJSON):
        loads(b'{"payload":' * 66 + b"1" + b"}" * 66, documents={"payload"})


def test_takes_the_deepest_nesting_that_is_allowed() -> None:
    assert loads(b"[" * 64 + b"]" * 64)


@pytest.mark.parametrize("text", [b"2.0", b"2e0", b"-0.0", b"9007199254740991.0"])
def test_a_number_without_a_fraction_is_an_integer(text: bytes) -> None:
    assert type(loads(text)) is int
    assert loads(text) == float(text)


@pytest.mark.parametrize("text", [b"2.5", b"1e300"])
def test_other_numbers_are_not(text: bytes) -> None:
    assert type(loads(text)) is float
