"""A payload in the form in which it is stored, and back."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.api import InvalidEvent, Untyped, decode_payload, encode_payload, upcaster
from events.codec import packing
from events.codec.canonical import canonical
from events.codec.pipeline import Stored, dump, load, unwrap
from events.types.registry import Codec, event
from kit.json.schema import MAX_INTEGER
from tests.support.events import post_created
from tests.support.versions import own_registry

LONG = post_created(caption="All work and no play makes Jack a dull boy. " * 200)

TEXTS = st.text('ab0"\\/\x01\x7f\u00e9\u2028\uffff\U0001f600', max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([1e16, -1e17, 1e19, 1e20, 123456789012345680000.0, 1e21, 0.1, -0.0])
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner),
    max_leaves=12,
)


@given(data=st.dictionaries(st.sampled_from("abc"), VALUES), compress_above=st.sampled_from([0, 1, 40]))
@pytest.mark.parametrize("codec", ["json", "msgpack"])
def test_the_same_canonical_text_comes_back(codec: Codec, data: dict[str, Any], compress_above: int) -> None:
    text = canonical(data)

    stored = dump(text, codec=codec, compress_above=compress_above)

    assert (text if stored.body is None else load(stored.encoding, stored.body)) == text


@pytest.mark.parametrize(
    ("codec", "compress_above", "encoding"),
    [
        ("json", 0, "json"),
        ("json", 1_000_000, "json"),
        ("json", 1_000, "json+zstd"),
        ("msgpack", 0, "msgpack"),
        ("msgpack", 1_000, "msgpack+zstd"),
    ],
)
def test_the_encoding_names_the_steps_and_every_one_is_read(codec: Codec, compress_above: int, encoding: str) -> None:
    text = encode_payload(LONG)

    stored = dump(text, codec=codec, compress_above=compress_above)

    assert stored.encoding == encoding
    assert decode_payload("content.post.created", 1, stored.body or text, stored.encoding) == LONG
    assert decode_payload("content.post.created", 2, stored.body or text, stored.encoding) == Untyped(
        "content.post.created", msgspec.json.decode(text), 2
    )


def test_steps_are_undone_backwards() -> None:
    text = encode_payload(LONG)
    stored = dump(text, codec="msgpack", compress_above=1)

    assert stored.body is not None
    assert unwrap(stored.encoding, stored.body) == ("msgpack", packing.pack(text))


def test_an_old_version_in_any_encoding_is_upcast() -> None:
    with own_registry():

        class TeaBrewed(msgspec.Struct, frozen=True):
            cups: int

        event("tea.brewed", version=2, owner="tests")(TeaBrewed)
        upcaster("tea.brewed", from_version=1)(lambda data: {"cups": len(data["cups"])})

        assert decode_payload("tea.brewed", 1, packing.pack(b'{"cups":["a","b"]}'), "msgpack") == TeaBrewed(2)


def test_what_does_not_get_smaller_is_not_compressed() -> None:
    text = canonical({"token": "0123456789abcdefghijklmnopqrstuvwxyz"})

    assert dump(text, codec="json", compress_above=1) == Stored("json", None)
    assert dump(text, codec="msgpack", compress_above=1).encoding == "msgpack"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("json+zstd", b"no frame"),
        ("json+zstd", dump(b'{"a":"' + b"x" * 99 + b'"}', codec="json", compress_above=1).body[:-1]),  # type: ignore[index]
        ("json+brotli", b"{}"),
        ("msgpack", b"\xc1"),
        ("msgpack", b""),
        ("msgpack", packing.pack(b"[]")),
    ],
)
def test_bytes_that_the_encoding_does_not_explain_are_no_payload(encoding: str, body: bytes) -> None:
    with pytest.raises(InvalidEvent):
        decode_payload("tea.brewed", 1, body, encoding)


def test_a_codec_that_does_not_exist_is_refused_at_registration() -> None:
    with own_registry(), pytest.raises(ValueError, match="cannot be written as 'yaml'"):
        event("tea.brewed", owner="tests", codec="yaml")(msgspec.defstruct("TeaBrewed", []))  # type: ignore[arg-type]
