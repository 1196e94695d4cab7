"""Dead-letter topic: a copy of the dead letters for whoever reads topics; the table is the truth.

A dead letter is written to the table with its message's inbox mark, and copied later, so that a broker that is away
loses nothing and holds nobody up. A crash between the copy and its mark copies one batch again, in the same order.
"""

from itertools import groupby
from operator import itemgetter

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from kit.postgresql.connections import require_writable
from outbox.bus.base import Bus, DeliveryFailure, Failure, OutgoingMessage
from outbox.conf import OutboxConf, outbox_conf
from outbox.dead_letters.store import original
from outbox.messages.topics import spec_of
from outbox.models import DeadLetter
from outbox.sql.statements import statement

log = structlog.get_logger(__name__)

# One publisher at a time, or copies of one key could overtake each other.
LOCK = 0x4E4C5450
BATCH = 200
# A broker refuses a message whose headers are as large as its body may be; the table has all of it.
HEADER_LIMIT = 4_000


def has_unpublished(conf: OutboxConf) -> bool:
    """Whether there is a topic, and a dead letter that is not there."""
    return bool(conf.dead_letter_topic) and _unpublished().exists()


def publish(bus: Bus, *, topic: str) -> int:
    """Copy to the topic what is not there yet, in the order in which it died; how many.

    Dead letters that the broker will never take say so in `dlq_error`. Ends when the broker takes nothing.
    """
    published = 0
    while True:
        with transaction.atomic():
            if not _alone():
                return published
            batch = list(_unpublished().order_by("id")[:BATCH])
            if not batch:
                return published
            # What could not be marked as copied must not be copied.
            require_writable(connection)
            taken, refused = _publish(bus, topic, batch)
            DeadLetter.objects.filter(pk__in=taken).update(dlq_published_at=Now())
            for reason, group in groupby(sorted(refused, key=itemgetter(1)), key=itemgetter(1)):
                DeadLetter.objects.filter(pk__in=[pk for pk, _ in group]).update(dlq_error=reason)
        published += len(taken)
        if not taken and not refused:
            return published


def to_copy(dead_letter: DeadLetter, *, topic: str) -> OutgoingMessage:
    """The message as it came, with headers that say where it came from and why it is here.

    What a message need not have, and this one has not, is empty in the copy and named in `dlq_nulls`.
    """
    message = original(dead_letter)
    nulls = [name for name, value in (("key", message.key), ("body", message.body)) if value is None]
    nulls += [f"header {name}" for name, value in message.headers if value is None]
    fields = {
        "dlq_group": dead_letter.consumer,
        "dlq_event_id": str(dead_letter.event_id),
        "dlq_exception": dead_letter.exception,
        "dlq_message": dead_letter.message,
        "dlq_frame": dead_letter.frame,
        "dlq_failure_group": dead_letter.failure_group,
        "dlq_topic": dead_letter.topic,
        "dlq_partition": str(dead_letter.partition),
        "dlq_offset": str(dead_letter.offset),
        "dlq_attempts": str(dead_letter.attempts),
        "dlq_first_failed_at": dead_letter.first_failed_at.isoformat(),
    }
    if message.timestamp is not None:
        fields["dlq_timestamp"] = str(message.timestamp)
    if nulls:
        fields["dlq_nulls"] = ", ".join(nulls)
    return OutgoingMessage(
        topic=topic,
        key=message.key or b"",
        body=message.body or b"",
        headers=(
            *((name, value or b"") for name, value in message.headers),
            *((name, value.encode()[:HEADER_LIMIT]) for name, value in fields.items()),
        ),
    )


def _unpublished() -> QuerySet[DeadLetter]:
    # An edited copy never was on a topic; what becomes of it is told of its original in the table.
    return DeadLetter.objects.filter(dlq_published_at=None, dlq_error=None, edited_from=None)


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement("try_lock"), {"key": LOCK})
        (locked,) = cursor.fetchone()
    return bool(locked)


def _publish(bus: Bus, topic: str, batch: list[DeadLetter]) -> tuple[list[int], list[tuple[int, str]]]:
    """The dead letters that are on the topic now, and those that never can be with the reason."""
    missing = bus.ensure_topics([spec_of(topic, conf=outbox_conf())])
    if topic in missing:
        log.warning("dead letters wait for their topic", topic=topic, reason=missing[topic].reason)
        return [], []
    results = bus.publish_batch([to_copy(dead_letter, topic=topic) for dead_letter in batch])
    taken, refused = [], []
    for dead_letter, failure in zip(batch, results, strict=True):
        if failure is None:
            taken.append(dead_letter.pk)
        elif failure.failure is Failure.PERMANENT:
            refused.append((dead_letter.pk, failure.reason))
    _tell(topic, results)
    return taken, refused


def _tell(topic: str, results: list[DeliveryFailure | None]) -> None:
    failures = [failure for failure in results if failure is not None]
    if failures:
        log.warning("dead letters were not copied", topic=topic, dead_letters=len(failures), reason=failures[0].reason)
