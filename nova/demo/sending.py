"""Sending of a day: each command goes through the REST API, as any client would give it."""

from collections.abc import Callable, Sequence
from uuid import UUID

from msgspec import Struct

from nova.demo.client import Client
from nova.demo.day import Day
from outbox.api import registered_groups


class Latency(Struct, frozen=True, kw_only=True):
    """Milliseconds within which half of something, and nearly all of it, was done."""

    p50: float
    p99: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> "Latency":
        """The percentiles of measured times."""
        ordered = sorted(milliseconds)
        return cls(p50=ordered[len(ordered) // 2], p99=ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)])


class Sent(Struct, frozen=True, kw_only=True):
    """What was sent."""

    events: dict[UUID, str]
    """The events that came of it, with their types."""
    to_answer: Latency
    """From request to answer."""


def send_day(client: Client, day: Day, *, report: Callable[[int], None]) -> Sent:
    """Give all commands of the day. `report` is told how many are given so far."""
    events: dict[UUID, str] = {}
    milliseconds: list[float] = []
    for done, step in enumerate(day.steps, 1):
        answer = client.execute(
            step.aggregate_type, step.aggregate_id, step.command, command_id=step.command_id, fields=step.fields
        )
        milliseconds.append(client.seconds * 1000)
        events |= {UUID(event["event_id"]): event["event_type"] for event in answer["events"]}
        report(done)
    return Sent(events=events, to_answer=Latency.of(milliseconds))


def expected_by_group(sent: Sent) -> dict[str, int]:
    """How many of the day's events each consumer group has a handler for."""
    return {group.name: sum(map(group.wants, sent.events.values())) for group in registered_groups()}
