"""The canonical text is RFC 8785's, whichever way it is made."""

import rfc8785
from hypothesis import given

from events.codec.canonical import canonical
from events.codec.payloads import encode_payload
from nova.services.identity.events import FieldChange, UserUpdated
from tests.support.events import post_created
from tests.unit.events.codec.test_ijson import json_values


@given(json_values)
def test_equals_the_reference_implementation(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


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
