"""An operator gives commands: with a reason, after a look at what they would do, and only what was looked at."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from events.admin.command_forms import command_form
from events.aggregates.aggregate import aggregates
from events.api import StreamId, execute, get_events
from events.commands import execution
from events.models import DomainEvent
from nova.services.orders.commands import AddItem, CreateOrder
from nova.services.orders.events import OrderItem

pytestmark = pytest.mark.usefixtures("redis_url", "db")

AN_ORDER = CreateOrder(customer_id="ann", currency="EUR", items=[OrderItem(product_id="tea", quantity=1, unit_price=5)])
CREATE = {
    "own-customer_id": "ann",
    "own-currency": "EUR",
    "own-items": '[{"product_id": "tea", "quantity": 2, "unit_price": 5}]',
    "aggregate_id": "o1",
    "why": "asked by telephone",
}


def client_of(*permissions: str) -> Client:
    user = User.objects.create_user("someone", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator() -> Client:
    return client_of("execute_command", "view_domainevent")


def address(name: str) -> str:
    return reverse("admin:events_command", args=["order", name])


def give(client: Client, name: str, fields: dict[str, str], *, verb: str = "dry_run", seen: str = "") -> Any:
    return client.post(address(name), fields | {verb: "1", "seen": seen})


def seen_in(answer: Any) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', answer.content.decode())
    return found[1] if found else ""


def test_a_dry_run_shows_the_events_and_writes_none(operator: Client) -> None:
    page = give(operator, "create", CREATE).content.decode()
    assert "1. order.created" in page
    assert "&quot;customer_id&quot;: &quot;ann&quot;" in page
    assert "&quot;pointer&quot;: &quot;/status&quot;" in page
    assert not DomainEvent.objects.exists()


def test_what_was_seen_is_executed_once_with_who_and_why(operator: Client) -> None:
    seen = seen_in(give(operator, "create", CREATE))
    with capture_logs() as logs:
        first = give(operator, "create", CREATE, verb="execute", seen=seen)
        again = give(operator, "create", CREATE, verb="execute", seen=seen)
    assert first.status_code == again.status_code == 302
    (event,) = get_events(StreamId("order", "o1"))
    assert (event.user_id, event.metadata["operator"]) == ("someone", {"reason": "asked by telephone"})
    (entry, *_) = [entry for entry in logs if entry["event"] == "command executed"]
    assert (entry["actor"], entry["command"], entry["reason"]) == ("someone", "order/create", "asked by telephone")


@pytest.mark.parametrize(
    "changed", [{"own-customer_id": "bob"}, {"aggregate_id": "o2"}, {"own-items": "[]"}, {"seen": "forged:x:y"}, {}]
)
def test_what_was_not_seen_is_not_executed(operator: Client, changed: dict[str, str]) -> None:
    seen = seen_in(give(operator, "create", CREATE)) if changed else ""
    answer = give(operator, "create", CREATE | changed, verb="execute", seen=changed.get("seen", seen))
    assert "not what you looked at" in answer.content.decode()
    assert not DomainEvent.objects.exists()


def test_an_aggregate_that_moved_on_must_be_looked_at_again(operator: Client) -> None:
    execute("o1", AN_ORDER)
    fields = {"own-product_id": "cup", "own-quantity": "1", "own-unit_price": "3", "aggregate_id": "o1", "why": "x"}
    seen = seen_in(give(operator, "add_item", fields))
    execute("o1", AddItem(product_id="pot", quantity=1, unit_price=9))
    before = DomainEvent.objects.count()
    answer = give(operator, "add_item", fields, verb="execute", seen=seen)
    assert "moved on to version 2" in answer.content.decode()
    assert DomainEvent.objects.count() == before


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"own-items": "[{"}, "own-items", "no JSON"),
        ({"own-items": "[" * 100_000}, "own-items", "no JSON"),
        ({"own-items": '[{"product_id": "tea"}]'}, "own-items", "at /0"),
        ({"own-currency": "euro"}, "own-currency", "regex"),
        ({"own-customer_id": ""}, "own-customer_id", "required"),
        ({"own-customer_id": "x" * 256}, "own-customer_id", "length"),
        ({"why": " "}, "why", "required"),
        ({"aggregate_id": ""}, "aggregate_id", "required"),
    ],
)
def test_what_does_not_fit_stands_beside_its_field(
    operator: Client, fields: dict[str, str], field: str, message: str
) -> None:
    form = give(operator, "create", CREATE | fields).context["form"]
    assert set(form.errors) == {field}
    assert message in str(form.errors[field])


def test_all_that_does_not_fit_is_told_at_once(operator: Client) -> None:
    form = give(operator, "create", CREATE | {"why": "", "own-currency": "euro"}).context["form"]
    assert set(form.errors) == {"why", "own-currency"}
    assert "Like ^[A-Z]{3}$." in form.fields["own-currency"].help_text


def test_a_refusal_by_the_rules_is_told(operator: Client) -> None:
    answer = give(operator, "deliver", {"aggregate_id": "o1", "why": "x"})
    assert "OrderNotFound" in answer.content.decode()


def test_a_command_may_have_a_reason_of_its_own(operator: Client) -> None:
    execute("o1", AN_ORDER)
    fields = {"own-reason": "no longer wanted", "aggregate_id": "o1", "why": "asked by mail"}
    seen = seen_in(give(operator, "cancel", fields))
    give(operator, "cancel", fields, verb="execute", seen=seen)
    event = get_events(StreamId("order", "o1"))[-1]
    assert event.payload.reason == "no longer wanted"  # type: ignore[attr-defined]
    assert event.metadata["operator"] == {"reason": "asked by mail"}


@pytest.mark.parametrize("chosen", [True, False])
def test_a_command_waits_for_others_where_that_is_chosen(
    operator: Client, monkeypatch: pytest.MonkeyPatch, chosen: bool
) -> None:
    locked: list[StreamId] = []
    monkeypatch.setattr(execution, "_lock_aggregate", lambda stream, _: locked.append(stream))
    fields = CREATE | ({"one_at_a_time": "on"} if chosen else {})

    page = give(operator, "create", fields)
    answer = give(operator, "create", fields, verb="execute", seen=seen_in(page))

    assert answer.status_code == 302
    assert locked == ([StreamId("order", "o1")] if chosen else [])
    assert "Wait for other commands on the aggregate" in page.content.decode()
    assert page.context["form"]["one_at_a_time"].value() is chosen


def test_whoever_may_not_is_refused_and_logged() -> None:
    client = client_of("view_domainevent")
    with capture_logs() as logs:
        assert client.get(address("create")).status_code == 403
        assert give(client, "create", CREATE).status_code == 403
        assert client.get(reverse("admin:events_command_choice")).status_code == 403
    assert [entry["event"] for entry in logs].count("command forbidden") == 3
    assert "Give a command" not in client.get(reverse("admin:events_domainevent_changelist")).content.decode()


def test_commands_are_chosen_for_an_aggregate_of_the_log(operator: Client) -> None:
    execute("o1", AN_ORDER)
    event = DomainEvent.objects.get()
    assert "Give a command" in operator.get(reverse("admin:events_domainevent_changelist")).content.decode()
    choice = operator.get(reverse("admin:events_domainevent_give_command_to_this", args=[event.pk]), follow=True)
    page = choice.content.decode()
    assert f"{address('deliver')}?aggregate_id=o1" in page
    assert reverse("admin:events_command", args=["user", "create"]) not in page
    assert 'value="o1"' in operator.get(address("deliver"), {"aggregate_id": "o1"}).content.decode()
    assert operator.get(reverse("admin:events_command", args=["order", "fly"])).status_code == 404


@pytest.mark.parametrize("kind", sorted(kind.name for kind in aggregates))
def test_every_command_has_a_form(kind: str, operator: Client) -> None:
    for name in aggregates.named(kind).commands:
        assert command_form(aggregates.named(kind), name)().fields.keys() >= {"aggregate_id", "why"}
        assert operator.get(reverse("admin:events_command", args=[kind, name])).status_code == 200
