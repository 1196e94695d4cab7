"""States and snapshots in the console: an operator sees them, and acts on them with a right and a reason."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from events.api import Expected, NewEvent, StreamId, Untyped, append_events, execute
from events.models import AggregateSnapshot, DomainEvent
from events.state.snapshot_maintenance import take
from nova.services.orders.aggregates import ORDER
from nova.services.orders.commands import CancelOrder, CreateOrder
from nova.services.orders.events import OrderItem

pytestmark = pytest.mark.usefixtures("redis_url", "db")

SNAPSHOTS = "admin:events_aggregatesnapshot_changelist"


@pytest.fixture(autouse=True)
def an_order(db: None) -> None:
    items = [OrderItem(product_id="<tea>", quantity=1, unit_price=5)]
    execute("o1", CreateOrder(customer_id="ann", currency="EUR", items=items))
    execute("o1", CancelOrder(reason="x"))
    take(ORDER, "o1")


def client_of(*permissions: str) -> Client:
    user = User.objects.create_user("someone", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def page_of(client: Client, event: DomainEvent) -> str:
    return client.get(reverse("admin:events_domainevent_change", args=[event.pk])).content.decode()


def test_an_event_shows_the_state_after_it_and_what_it_changed() -> None:
    client = client_of("view_domainevent")
    created, cancelled = DomainEvent.objects.order_by("position")
    assert "&quot;status&quot;: &quot;open&quot;" in page_of(client, created)
    page = page_of(client, cancelled)
    assert "&quot;status&quot;: &quot;cancelled&quot;" in page
    assert "<td><code>/status</code></td><td>open</td><td>cancelled</td>" in page
    assert "<tea>" not in page


def test_an_event_of_an_aggregate_that_no_code_knows_or_can_read() -> None:
    client = client_of("view_domainevent")
    append_events(StreamId("kettle", "k"), Expected.ANY, [NewEvent(payload=Untyped("kettle.boiled", {}))])
    assert "kettle.boiled" in page_of(client, DomainEvent.objects.get(aggregate_type="kettle"))
    append_events(StreamId("order", "o2"), Expected.ANY, [NewEvent(payload=Untyped("order.paid", {}, 99))])
    assert "schema version 99" in page_of(client, DomainEvent.objects.get(aggregate_id="o2"))


def act(client: Client, action: str, *, reason: str = "the fold was wrong") -> Any:
    ids = list(AggregateSnapshot.objects.values_list("pk", flat=True))
    return client.post(reverse(SNAPSHOTS), {"action": action, "_selected_action": ids, "reason": reason}, follow=True)


def test_snapshots_show_whether_they_count() -> None:
    client = client_of("view_aggregatesnapshot")
    assert "stale" not in client.get(reverse(SNAPSHOTS)).content.decode()
    AggregateSnapshot.objects.update(fold="of yesterday")
    assert "stale" in client.get(reverse(SNAPSHOTS)).content.decode()
    snapshot = AggregateSnapshot.objects.get()
    page = client.get(reverse("admin:events_aggregatesnapshot_change", args=[snapshot.pk])).content.decode()
    assert "&quot;status&quot;: &quot;cancelled&quot;" in page


def test_an_operator_makes_them_anew_and_deletes_them() -> None:
    client = client_of("view_aggregatesnapshot", "operate_aggregatesnapshot")
    AggregateSnapshot.objects.update(data={"status": "wrong"})
    with capture_logs() as logs:
        act(client, "rebuild_selected")
        assert AggregateSnapshot.objects.get().data["status"] == "cancelled"
        act(client, "delete_snapshots", reason="no longer wanted")
    assert not AggregateSnapshot.objects.exists()
    assert [(entry["event"], entry["actor"], entry["reason"]) for entry in logs if "actor" in entry] == [
        ("snapshots rebuilt", "someone", "the fold was wrong"),
        ("snapshots deleted", "someone", "no longer wanted"),
    ]
    history = LogEntry.objects.order_by("id").values_list("change_message", flat=True)
    assert list(history) == ["Rebuild: the fold was wrong", "Delete: no longer wanted"]


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, "\0"])
def test_without_a_reason_nothing_is_done(reason: str) -> None:
    client = client_of("view_aggregatesnapshot", "operate_aggregatesnapshot")
    AggregateSnapshot.objects.update(data={"status": "wrong"})
    act(client, "rebuild_selected", reason=reason)
    act(client, "delete_snapshots", reason=reason)
    assert AggregateSnapshot.objects.get().data["status"] == "wrong"
    asked = act(client, "rebuild_selected", reason="").content.decode()
    assert "This field is required" in asked
    assert f'name="_selected_action" value="{AggregateSnapshot.objects.get().pk}"' in asked


def test_whoever_only_looks_cannot() -> None:
    client = client_of("view_aggregatesnapshot")
    act(client, "delete_snapshots")
    act(client, "rebuild_selected")
    assert AggregateSnapshot.objects.count() == 1
