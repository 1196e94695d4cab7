"""Finding: messages by their place, and dead letters by event or number, in bounded queries by index."""

import re
from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from msgspec import Struct

from outbox.bus.base import Location
from outbox.bus.factory import configured_bus
from outbox.messages.headers import event_id_of
from outbox.models import DeadLetter
from outbox.sql.statements import statement

_PLACE = re.compile(r"(?P<topic>[A-Za-z0-9._-]{1,249})@(?P<partition>[0-9]{1,9}):(?P<offset>[0-9]{1,18})")


class MessagePlace(Struct, frozen=True, kw_only=True):
    """Where a message lies."""

    topic: str
    location: Location

    def __str__(self) -> str:
        return f"{self.topic}@{self.location[0]}:{self.location[1]}"


class FoundDeadLetter(Struct, frozen=True, kw_only=True):
    """A dead letter, without what it holds."""

    id: int
    consumer: str
    event_type: str
    status: str


def place_of(term: str) -> MessagePlace | None:
    """The place that a `topic@partition:offset` names; None when it is none."""
    found = _PLACE.fullmatch(term)
    if found is None:
        return None
    return MessagePlace(topic=found["topic"], location=(int(found["partition"]), int(found["offset"])))


def event_id_at(place: MessagePlace) -> UUID | None:
    """The id of the event whose message lies there; None when the broker keeps none there.

    Raises `BrokerUnavailable`, also for a topic that is not there, and `Unsupported` where the broker keeps no past.
    """
    partition, offset = place.location
    history = configured_bus().history(place.topic, offsets={partition: (offset, offset)})
    try:
        for batch in history.batches(1):
            for message in batch:
                return event_id_of(message)
    finally:
        history.close()
    return None


def dead_letters_of(event_id: UUID) -> Sequence[FoundDeadLetter]:
    """The dead letters of an event, one a consumer group at most."""
    with connection.cursor() as cursor:
        cursor.execute(statement("dead_letters_of_event"), {"event_id": event_id})
        ids = [number for number, *_ in cursor.fetchall()]
    return [_found(row) for row in _rows(ids)]


def dead_letter_numbered(number: int) -> FoundDeadLetter | None:
    """The dead letter of that number."""
    return next((_found(row) for row in _rows([number])), None)


def _rows(ids: Sequence[int]) -> Sequence[DeadLetter]:
    return list(DeadLetter.objects.filter(pk__in=ids).only("consumer", "event_type", "status").order_by("consumer"))


def _found(row: DeadLetter) -> FoundDeadLetter:
    return FoundDeadLetter(id=row.pk, consumer=row.consumer, event_type=row.event_type, status=row.status)
