"""JSON is read strictly and written plainly."""

import io
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import UnsupportedMediaType

from events.api import InvalidJSON
from nova.rest.json import JSONParser, JSONRenderer


def parse(body, media_type="application/json"):
    return JSONParser().parse(io.BytesIO(body), media_type)


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/json; charset=UTF-8", "application/cloudevents+json", "APPLICATION/JSON"],
)
def test_json_in_utf_8_is_read(media_type):
    assert parse('{"ä": [1, null]}'.encode(), media_type) == {"ä": [1, None]}


@pytest.mark.parametrize("media_type", ["application/xml", "application/json; charset=latin-1", "application/x-json"])
def test_other_media_types_are_refused(media_type):
    with pytest.raises(UnsupportedMediaType):
        parse(b"{}", media_type)


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b'{"a":1,"a":2}', b'"\\u0000"', b'"\\ud800"', b"NaN", b"1e999", b"9007199254740993", b"\xff",
     b"[" * 100_000, b"\xef\xbb\xbf{}", b"{} {}"],
)  # fmt: skip
def test_what_is_not_i_json_is_refused(body):
    with pytest.raises(InvalidJSON):
        parse(body)


def test_a_body_that_announces_no_length_is_bounded_all_the_same(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    with pytest.raises(RequestDataTooBig):
        parse(b'"' + b"a" * 10 + b'"')


def test_times_and_ids_are_written_as_text():
    body = JSONRenderer().render({"at": datetime(2025, 1, 1, tzinfo=UTC), "id": UUID(int=1)})
    assert body == b'{"at":"2025-01-01T00:00:00Z","id":"00000000-0000-0000-0000-000000000001"}'


def test_nothing_is_written_for_none():
    assert JSONRenderer().render(None) == b""
