"""Peer recorder: the library `eventsourcing` on a benchmark's PostgreSQL, with or without its database functions.

Each has a schema of its own. It writes an event with two indexes, no outbox row and no hash, and serialises writers by
a lock on its table unless its functions are on. It notifies listeners in each transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from uuid import UUID, uuid4

import msgspec
import psycopg
from eventsourcing.domain import AggregateEvent
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, Mapper, Notification, StoredEvent, UUIDAsHex
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from benchmarks.events import METADATA, new_event
from nova.services.content.events import ContentPostCreated

NAME = f"eventsourcing {version('eventsourcing')}"


@dataclass(frozen=True)
class PostCreated(AggregateEvent):  # type: ignore[misc]  # installed for `make bench PEERS=1` only
    """What `ContentPostCreated` says, as an event of that library."""

    post_id: str
    user_id: str
    caption: str
    media_type: str
    status: str
    created_at: datetime
    metadata: dict[str, str]


class PeerRecorder:
    """A recorder with a table of its own, and the mapper between typed events and what it stores."""

    def __init__(self, url: str, schema: str, *, functions: bool) -> None:
        server = psycopg.conninfo.conninfo_to_dict(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(psycopg.sql.Identifier(schema)))
        self._datastore = PostgresDatastore(
            dbname=str(server["dbname"]),
            host=str(server["host"]),
            port=str(server["port"]),
            user=str(server["user"]),
            password=str(server["password"]),
            schema=schema,
            enable_db_functions=functions,
        )
        self._recorder = PostgresApplicationRecorder(self._datastore)
        self._recorder.create_table()
        transcoder = JSONTranscoder()
        transcoder.register(UUIDAsHex())
        transcoder.register(DatetimeAsISO())
        self._mapper: Mapper[UUID] = Mapper(transcoder)

    def append(self, number: int) -> None:
        """New events of a new aggregate, encoded by msgspec: in a tenth of the time of the library's own transcoder."""
        originator = uuid4()
        self._recorder.insert_events(
            [StoredEvent(originator, place, _TOPIC, _ENCODE(new_event().payload)) for place in range(1, number + 1)]
        )

    def append_typed(self, number: int, *, at_once: int) -> UUID:
        """New events of a new aggregate, in batches and in the library's own encoding: they can be read typed."""
        originator = uuid4()
        events = [self._mapper.to_stored_event(_typed(originator, place)) for place in range(1, number + 1)]
        for start in range(0, number, at_once):
            self._recorder.insert_events(events[start : start + at_once])
        return originator

    def load(self, originator: UUID) -> int:
        """Read a stream as typed events; how many."""
        return self._typed(self._recorder.select_events(originator))

    def replay(self, *, page: int) -> int:
        """Read the log as typed events, in pages; how many."""
        count, start = 0, 1
        while notifications := self._recorder.select_notifications(start, page):
            count += self._typed(notifications)
            start = notifications[-1].id + 1
        return count

    def close(self) -> None:
        """End its connections."""
        self._datastore.close()

    def _typed(self, events: Sequence[StoredEvent] | Sequence[Notification]) -> int:
        return len([self._mapper.to_domain_event(event) for event in events])


def _typed(originator: UUID, place: int) -> PostCreated:
    payload = new_event().payload
    assert isinstance(payload, ContentPostCreated)
    return PostCreated(
        originator_id=originator,
        originator_version=place,
        timestamp=datetime.now(UTC),
        post_id=payload.post_id,
        user_id=payload.user_id,
        caption=str(payload.caption),
        media_type=str(payload.media_type),
        status=payload.status,
        created_at=payload.created_at,
        metadata=METADATA,
    )


_TOPIC = f"{PostCreated.__module__}:{PostCreated.__qualname__}"
_ENCODE = msgspec.json.Encoder().encode
