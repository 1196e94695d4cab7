"""Relay: publishes outbox rows in the log's order per key. One pass: take, publish, await every delivery, complete.

A crash between publishing and completing publishes at most one batch again, in the same order; inboxes know it. While
the database takes no writes, nothing is published. The rows are taken through the connection that holds the shards'
locks, so a relay that has lost its shards takes nothing.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from django.db.backends.base.base import BaseDatabaseWrapper
from msgspec import Struct

from kit.outage_log import outage_log
from kit.postgresql.connections import own_connection, require_writable
from outbox.bus.base import Bus, DeliveryFailure, Failure, Location
from outbox.conf import outbox_conf
from outbox.messages.encoding import to_message
from outbox.messages.topics import spec_of
from outbox.relay.completion import Completion, DeliveredRow, FailedRow
from outbox.relay.lease import leased
from outbox.relay.topic_policies import TopicPolicies
from outbox.relay.verdict import judge
from outbox.signals import metrics
from outbox.signals.labels import event_type_label, service_label
from outbox.sql.rows import OutboxRow
from outbox.sql.statements import statement

log = structlog.get_logger(__name__)

NO_BODY = "the row refers to an event that is not in the log"
# Payload of one batch; keeps memory bounded whatever the rows' size.
BATCH_BYTES = 16 * 1024 * 1024

PLANNER = (
    # A plan for any limit would be one for a tenth of the table.
    "SET plan_cache_mode = force_custom_plan",
    # What is pending changes faster than statistics, which may well say that it is everything.
    "SET enable_seqscan = off",
    # However many keys are held, they are looked up in a hash table: a list of 150 000 took over 40 s a pass.
    "SET work_mem = '256MB'",
)


class PassResult(Struct, frozen=True, kw_only=True):
    """What one pass has done, in rows."""

    taken: int
    published: int = 0
    refused: int = 0
    """Tried again later."""
    dead: int = 0
    outage: bool = False
    """Whether the broker took nothing because it was away; nothing was changed then."""


@contextmanager
def relay_connection() -> Iterator[BaseDatabaseWrapper]:
    """A connection to relay through: nobody else's and on a lease, for the shards' locks, and planned for a queue."""
    with own_connection() as connection, leased(connection):
        with connection.cursor() as cursor:
            for setting in PLANNER:
                cursor.execute(setting)
        require_writable(connection)
        yield connection


def relay_pass(
    connection: BaseDatabaseWrapper,
    bus: Bus,
    *,
    shards: Sequence[int],
    limit: int,
    policies: TopicPolicies,
    completion: Completion | None = None,
) -> PassResult:
    """Publish what is due in the shards, at most `limit` rows. The caller owns the shards through `connection`.

    The `completion` of a relay's passes remembers what a failed one has published. Raises Django's `OperationalError`
    or `InterfaceError` when the connection, and with it the shards, is lost, or its server takes no writes.
    """
    completion = completion or Completion()
    completion.catch_up(connection)
    rows = _take(connection, shards, limit, policies)
    if not rows:
        return PassResult(taken=0)
    locations: dict[int, Location] = {}
    results = _publish(bus, rows, locations)
    delivered = [
        DeliveredRow(row, locations.get(place))
        for place, (row, failure) in enumerate(zip(rows, results, strict=True))
        if failure is None
    ]
    failed = [(row, failure) for row, failure in zip(rows, results, strict=True) if failure is not None]
    _count([one.row for one in delivered], failed)
    if not delivered and not any(failure.failure in {Failure.REFUSED, Failure.PERMANENT} for _, failure in failed):
        outage_log("broker").lost(failed[0][1].reason, rows=len(rows))
        return PassResult(taken=len(rows), outage=True)
    verdicts = _judge(failed, policies)
    completion.complete(connection, delivered, verdicts)
    dead = sum(verdict.dead for verdict in verdicts)
    return PassResult(taken=len(rows), published=len(delivered), refused=len(verdicts) - dead, dead=dead)


def _take(
    connection: BaseDatabaseWrapper, shards: Sequence[int], limit: int, policies: TopicPolicies
) -> list[OutboxRow]:
    parameters: dict[str, Any] = {
        "shards": list(shards),
        "limit": limit,
        "bytes": BATCH_BYTES,
        "going_on": policies.topics_that_go_on(),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("pending"), parameters)
        rows = [OutboxRow(*row) for row in cursor.fetchall()]
    # What could not be marked as published must not be published.
    require_writable(connection)
    return rows


def _publish(bus: Bus, rows: Sequence[OutboxRow], locations: dict[int, Location]) -> list[DeliveryFailure | None]:
    conf = outbox_conf()
    missing = bus.ensure_topics([spec_of(topic, conf=conf) for topic in sorted({row.topic for row in rows})])
    lost = _lost_bodies(rows)
    if not missing and not lost:
        return bus.publish_batch([to_message(row) for row in rows], locations=locations)
    results: list[DeliveryFailure | None] = [
        lost.get(place) or missing.get(row.topic) for place, row in enumerate(rows)
    ]
    places = [place for place, failure in enumerate(results) if failure is None]
    located: dict[int, Location] = {}
    published = bus.publish_batch([to_message(rows[place]) for place in places], locations=located)
    locations.update((places[index], location) for index, location in located.items())
    for place, failure in zip(places, published, strict=True):
        results[place] = failure
    return results


def _lost_bodies(rows: Sequence[OutboxRow]) -> dict[int, DeliveryFailure]:
    """By place, rows that refer to what the log does not have, as after half a restore, and those that are behind."""
    failures: dict[int, DeliveryFailure] = {}
    keys: set[tuple[str, str]] = set()
    for place, row in enumerate(rows):
        key = row.topic, row.partition_key
        if key in keys:
            failures[place] = DeliveryFailure(failure=Failure.BLOCKED, reason="one before it has no payload")
        elif row.payload is None:
            failures[place] = DeliveryFailure(failure=Failure.PERMANENT, reason=NO_BODY)
            keys.add(key)
    return failures


def _judge(failed: Sequence[tuple[OutboxRow, DeliveryFailure]], policies: TopicPolicies) -> list[FailedRow]:
    verdicts = []
    judged: set[tuple[str, str]] = set()
    for row, failure in failed:
        # Of each key, the first decides: the others wait behind it and have not failed by themselves.
        if (row.topic, row.partition_key) in judged:
            continue
        policy = policies.of(row.topic)
        verdict = judge(failure.failure, row.retry_count, policy=policy.retry, chance=random.random())  # noqa: S311
        judged.add((row.topic, row.partition_key))
        if verdict is None:
            continue
        verdicts.append(FailedRow(row.id, verdict.retry_count, verdict.delay, verdict.dead, failure.reason))
        log.warning(
            "an event is dead" if verdict.dead else "an event was not published",
            event_id=row.event_id,
            correlation_id=row.correlation_id,
            topic=row.topic,
            retry_count=verdict.retry_count,
            holds_its_key=policy.dead_row_holds_its_key or not verdict.dead,
            reason=failure.reason,
        )
    return verdicts


def _count(delivered: Sequence[OutboxRow], failed: Sequence[tuple[OutboxRow, DeliveryFailure]]) -> None:
    for (event_type, service), number in Counter((row.event_type, row.source_service) for row in delivered).items():
        labels = {"event_type": event_type_label(event_type), "service": service_label(service)}
        metrics.EVENTS_PUBLISHED.labels(**labels).inc(number)
    if failures := sum(failure.failure is not Failure.BLOCKED for _, failure in failed):
        metrics.PUBLISH_FAILURES.inc(failures)
