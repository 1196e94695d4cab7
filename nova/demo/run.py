"""How is a day lived? Sent through the REST API step by step, as any client would."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from nova.demo.arrival import Latency
from nova.demo.client import Client
from nova.demo.day import Day
from outbox.api import registered_groups


class Sent(Struct, frozen=True, kw_only=True):
    """What was sent."""

    event_ids: list[UUID]
    to_answer: Latency
    """From request to answer."""


def send_day(client: Client, day: Day, *, report: Callable[[int], None]) -> Sent:
    """Append all events of the day. `report` is told how many are appended so far."""
    event_ids: list[UUID] = []
    milliseconds: list[float] = []
    for step in day.steps:
        client.append(step.aggregate_type, step.aggregate_id, step.events, expected_version=step.expected_version)
        milliseconds.append(client.seconds * 1000)
        event_ids += [UUID(event["event_id"]) for event in step.events]
        report(len(event_ids))
    return Sent(event_ids=event_ids, to_answer=_percentiles(milliseconds))


def expected_by_group(day: Day) -> dict[str, int]:
    """How many of the day's events each consumer group has a handler for."""
    types = [event["event_type"] for step in day.steps for event in step.events]
    return {group.name: sum(map(group.wants, types)) for group in registered_groups()}


def _percentiles(milliseconds: list[float]) -> Latency:
    ordered = sorted(milliseconds)
    return Latency(p50=ordered[len(ordered) // 2], p99=ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)])
