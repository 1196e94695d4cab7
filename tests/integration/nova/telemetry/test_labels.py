"""What strangers send does not make the page of metrics grow."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from prometheus_client import generate_latest

from events.api import Untyped
from outbox.api import ConsumerGroup, Handler, process_counters, take_effect
from outbox.relay.relay import _count
from outbox.sql.rows import OutboxRow
from tests.support.received import received

LOG = "/api/v1/events"
AT_FIRST, MORE = 5, 50
STRANGER = Client()


def series() -> int:
    """Lines of the page of counters."""
    return len(generate_latest(process_counters()).splitlines())


def growth(happens: Callable[[int], object]) -> int:
    """How many lines come to the page with many of a kind, once there are a few."""
    for number in range(AT_FIRST):
        happens(number)
    before = series()
    for number in range(AT_FIRST, AT_FIRST + MORE):
        happens(number)
    return series() - before


@pytest.mark.parametrize(
    "happens",
    [
        lambda number: STRANGER.generic(f"METHOD{number}", LOG),
        lambda number: STRANGER.generic(f"METHOD{number}", "/admin/"),
        lambda number: STRANGER.get(f"/api/v1/path{number}"),
        lambda number: STRANGER.get("/admin/", headers={"Accept": f"text/x{number}", "Host": f"h{number}"}),
        lambda number: STRANGER.generic("POST", LOG, b"", content_type=f"text/plain; charset=x{number}"),
        lambda number: STRANGER.get(f"/api/v1/streams/type{number}/1/events"),
    ],
)
def test_requests_add_no_series(db: None, happens: Callable[[int], object]) -> None:
    assert growth(happens) == 0


def test_published_events_of_unknown_types_and_services_add_no_series(db: None) -> None:
    def publish(number: int) -> None:
        texts: dict[str, Any] = dict.fromkeys(OutboxRow.__struct_fields__, "")
        row = OutboxRow(**texts | {"event_type": f"type{number}.made", "source_service": f"service{number}"})
        _count([row], [])

    assert growth(publish) == 0


@pytest.mark.parametrize("together", [False, True])
def test_consumed_events_of_unknown_types_add_no_series(db: None, redis_url: str, *, together: bool) -> None:
    take: dict[str, Any] = {"handle_batch" if together else "handle": lambda _: None}
    group = ConsumerGroup(name="all", topics=["t"], handlers=[Handler(name="all", event_types="*", **take)])

    def consume(number: int) -> None:
        take_effect(group, [received(Untyped(f"type{number}.made_{together}", {}))])

    assert growth(consume) == 0
