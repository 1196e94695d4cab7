"""Finding: sagas by their id, by their key, and by the event that has begun them or moved them on; each by an index."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from msgspec import Struct

from sagas.models import SagaState, SagaTransition
from sagas.sql.statements import statement

# Instances that one event has moved: more than a few would be a definition of a very odd kind.
MAX_MOVED = 50


class FoundSaga(Struct, frozen=True, kw_only=True):
    """An instance, without its data."""

    saga_id: UUID
    saga: str
    key: str
    status: str


class MovedSaga(FoundSaga, frozen=True, kw_only=True):
    """An instance that an event has begun or moved on."""

    number: int
    """Of the transition that the event has caused; the first one has begun it."""
    at: datetime
    status_after: str
    """Where that transition has left it."""


def saga_of_id(saga_id: UUID) -> FoundSaga | None:
    """The instance of that id."""
    row = SagaState.objects.filter(pk=saga_id).only("saga_type", "key", "status").first()
    return None if row is None else _found(row)


def sagas_of_key(key: str, limit: int) -> Sequence[FoundSaga]:
    """The instances that their events name by that key, one a definition at most."""
    with connection.cursor() as cursor:
        cursor.execute(statement("ids_of_key"), {"key": key, "limit": limit})
        ids = [saga_id for (saga_id,) in cursor.fetchall()]
    rows = SagaState.objects.filter(pk__in=ids).only("saga_type", "key", "status").order_by("saga_type")
    return [_found(row) for row in rows]


def sagas_moved_by(event_id: UUID) -> Sequence[MovedSaga]:
    """The instances that an event has begun or moved on, in the order in which it did; at most 50 transitions."""
    moves = list(
        SagaTransition.objects.filter(cause_id=event_id)
        .only("saga_id", "number", "at", "status")
        .order_by("id")[:MAX_MOVED]
    )
    rows = SagaState.objects.only("saga_type", "key", "status").in_bulk({move.saga_id for move in moves})
    return [
        MovedSaga(
            saga_id=row.saga_id,
            saga=row.saga_type,
            key=row.key,
            status=row.status,
            number=move.number,
            at=move.at,
            status_after=move.status,
        )
        for move in moves
        if (row := rows.get(move.saga_id)) is not None
    ]


def _found(row: SagaState) -> FoundSaga:
    return FoundSaga(saga_id=row.saga_id, saga=row.saga_type, key=row.key, status=row.status)
