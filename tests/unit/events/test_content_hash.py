"""The content hash of an event is for ever: what is stored was hashed by this very rule."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import rfc8785
from msgspec import Raw, Struct

from events.envelope import ENVELOPE_COLUMNS, Envelope
from events.envelope_columns import EnvelopeColumns
from events.sql.columns import RECORDED_COLUMNS
from events.store.content_hash import content_hash

ID = UUID("01a1fdd2-1692-79ea-be54-c682f3a8f772")
ENVELOPE = Envelope(
    event_id=ID,
    event_type="user.deleted",
    schema_version=2,
    source_service="nova",
    aggregate_type="user",
    aggregate_id="ü1",
    timestamp=datetime(2025, 1, 15, 10, 30, 0, 123456, tzinfo=UTC),
    correlation_id=ID,
    causation_id=None,
    user_id="jürgen",
    metadata=Raw(b'{"clock":7}'),
    payload=Raw(b'{"user_id":"u1"}'),
)


def test_the_hash_of_an_event_never_changes() -> None:
    assert content_hash(ENVELOPE).hex() == "1df99e71640ef63f888b3df4844133e34312df0d52c6f0478907617395171bc8"


def test_what_is_hashed_is_canonical() -> None:
    text = msgspec.json.Encoder(order="sorted").encode(ENVELOPE)

    assert rfc8785.dumps(msgspec.json.decode(text)) == text


def test_large_doubles_are_hashed_as_rfc_8785_writes_them() -> None:
    def hash_of(payload: bytes) -> str:
        return content_hash(msgspec.structs.replace(ENVELOPE, payload=Raw(payload))).hex()

    assert hash_of(b'{"n":10000000000000000.0,"s":"10000000000000000.0,","x":[-100000000000000000000.0]}') == (
        hash_of(b'{"n":10000000000000000,"s":"10000000000000000.0,","x":[-100000000000000000000]}')
    )
    assert hash_of(b'{"s":"10000000000000000.0,"}') != hash_of(b'{"s":"10000000000000000,"}')


def test_a_later_column_leaves_the_hashes_of_events_without_it() -> None:
    class Later(Envelope, Struct, frozen=True):
        region: str | None = None

    fields = msgspec.structs.asdict(ENVELOPE)

    assert content_hash(Later(**fields)) == content_hash(ENVELOPE)
    assert content_hash(Later(**fields, region="eu")) != content_hash(ENVELOPE)


def test_every_column_of_the_envelope_is_read_again() -> None:
    assert set(ENVELOPE_COLUMNS) <= set(RECORDED_COLUMNS)


def test_the_tables_have_the_columns_of_the_envelope() -> None:
    columns = {field.name for field in EnvelopeColumns._meta.get_fields()}

    assert columns == {*ENVELOPE_COLUMNS, "version"}
