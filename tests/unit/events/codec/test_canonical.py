"""The canonical text is RFC 8785's, whichever way it is made."""

import msgspec
import pytest
import rfc8785
from hypothesis import given

from events.codec import ijson
from events.codec.canonical import canonical, kept, with_fractions, without_fractions
from events.codec.payloads import encode_payload
from nova.services.identity.events import FieldChange, UserUpdated
from tests.support.events import post_created
from tests.support.json_values import EDGES, JSON_VALUES
from tests.unit.events.codec.test_ijson import json_values


@given(json_values)
def test_equals_the_reference_implementation(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(JSON_VALUES)
def test_what_is_kept_is_read_as_it_was_and_hashed_as_the_reference_says(value: object) -> None:
    text = kept(value)

    assert without_fractions(text) == canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]
    assert msgspec.json.decode(text) == ijson.loads(text) == value
    assert kept(msgspec.json.decode(text)) == with_fractions(canonical(value)) == text


@pytest.mark.parametrize("number", EDGES)
def test_only_a_double_that_would_be_taken_for_a_large_integer_keeps_a_fraction(number: float) -> None:
    is_long = isinstance(number, float) and 2**53 <= abs(number) < 1e21

    assert kept([number]) == rfc8785.dumps([number])[:-1] + b".0" * is_long + b"]"
    assert without_fractions(kept(number)) == rfc8785.dumps(number)


def test_a_canonical_text_without_fractions_is_read_and_hashed_as_before() -> None:
    text = b'{"a":10000000000000000,"b":0.5}'

    assert canonical(msgspec.json.decode(text)) == text


def test_a_payload_of_text_only_takes_the_fast_way_to_the_same_text() -> None:
    payload = post_created(caption='"\\/\b\f\n\r\t\x1f\x7fé漢😀')
    assert encode_payload(payload) == canonical(
        {
            "post_id": "post-1",
            "user_id": "user-1",
            "caption": '"\\/\b\f\n\r\t\x1f\x7fé漢😀',
            "media_type": "none",
            "status": "published",
            "created_at": "2025-01-15T10:30:00Z",
        }
    )


def test_a_payload_with_free_parts_is_looked_at_closely() -> None:
    payload = UserUpdated(
        user_id="u", changes=[FieldChange(field="height", old=1.0, new={"\U0001f600": 1, "\ufb33": 2})]
    )
    assert encode_payload(payload) == (
        '{"changes":[{"field":"height","new":{"\U0001f600":1,"\ufb33":2},"old":1}],"user_id":"u"}'.encode()
    )
