"""External events: those of another service are stored once, kept as copies, and turned into commands (A8, E3)."""

from datetime import UTC, datetime

import pytest
import redis

from events.api import StreamId, Untyped, execute, get_events
from nova.services.content.user_copies import LocalUser, local_user
from nova.services.identity.events import (
    FieldChange,
    IdentityUserCreated,
    IdentityUserProfileUpdated,
    UserCreated,
    UserDeleted,
    UserUpdated,
)
from nova.services.orders.commands import CreateOrder, PayOrder, PriceOrder
from nova.services.orders.events import OrderItem
from outbox.api import (
    ConsumerGroup,
    ReceivedEvent,
    Service,
    commands_from,
    group_named,
    owner_of,
    registered_groups,
    registered_services,
    take_effect,
)
from outbox.models import ExternalEvent, InboxEntry
from tests.support.received import received

pytestmark = pytest.mark.usefixtures("redis_url", "db")

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def created(user_id: str) -> ReceivedEvent:
    payload = UserCreated(user_id=user_id, email="ann@example.org", username="ann", created_at=NOW)
    return received(payload, aggregate_type="user", aggregate_id=user_id, version=1, source_service="identity-service")


def test_the_content_service_keeps_a_copy_of_users_for_a_day(redis_url: str) -> None:
    group = group_named("content-service")

    take_effect(group, [created("u1")])

    assert local_user("u1") == LocalUser(id="u1", username="ann", email="ann@example.org")
    with redis.Redis.from_url(redis_url) as client:
        assert 86_000 < client.ttl("user:u1") <= 86_400


def test_the_copy_follows_changes_and_goes_with_the_user(redis_url: str) -> None:
    group = group_named("content-service")
    profile = IdentityUserProfileUpdated(
        user_id="u1",
        username="annie",
        display_name=None,
        avatar_url=None,
        is_verified=False,
        follower_count=0,
        updated_at=NOW,
    )
    opened = IdentityUserCreated(user_id="u1", username="ann", email="a@example.org", created_at=NOW)
    change = UserUpdated(user_id="u1", changes=[FieldChange(field="email", old="a", new="b@example.org")])

    take_effect(group, [received(opened), received(profile), received(change)])
    assert local_user("u1") == LocalUser(id="u1", username="annie", email="b@example.org")

    take_effect(group, [received(UserDeleted(user_id="u1", deleted_at=NOW)), received(profile)])
    assert local_user("u1") is None


def test_an_event_of_another_service_is_stored_once() -> None:
    group = group_named("content-service")
    event = created("u1")

    take_effect(group, [event, event])
    # Also when the inbox has forgotten it.
    InboxEntry.objects.all().delete()
    take_effect(group, [event])

    (stored,) = ExternalEvent.objects.all()
    assert (stored.service, stored.event_id, stored.version) == ("content-service", event.event_id, 1)
    assert stored.source_service == "identity-service"
    assert stored.payload["email"] == "ann@example.org"
    assert not get_events(StreamId("user", "u1"))


def test_an_event_of_another_service_becomes_a_command_once() -> None:
    items = [OrderItem(product_id="tea", quantity=1, unit_price=500)]
    execute("o1", CreateOrder(customer_id="ann", currency="EUR", items=items))
    execute("o1", PriceOrder(total=500))

    def pay(event: ReceivedEvent) -> tuple[str, PayOrder] | None:
        assert isinstance(event.payload, Untyped)
        order_id = event.payload.data.get("order_id")
        return (order_id, PayOrder(payment_id=event.payload.data["payment_id"], amount=500)) if order_id else None

    service = Service(name="orders", owns=frozenset({"order"}), listens=frozenset({"bank"}))
    handler = commands_from(service, {"bank.transferred": pay})
    group = ConsumerGroup(name="orders", topics=(), handlers=(handler,))
    paid = received(Untyped("bank.transferred", {"order_id": "o1", "payment_id": "p1"}))
    other = received(Untyped("bank.transferred", {"payment_id": "p2"}))
    refused = received(Untyped("bank.transferred", {"order_id": "o1", "payment_id": "p3"}))

    take_effect(group, [paid, other, refused])
    InboxEntry.objects.all().delete()
    take_effect(group, [paid], again=True)

    events = get_events(StreamId("order", "o1"))
    assert [event.event_type for event in events].count("order.paid") == 1
    assert next(event.payload.payment_id for event in events if event.event_type == "order.paid") == "p1"  # type: ignore[attr-defined]


def test_every_consumer_group_is_a_service_that_listens_and_every_aggregate_has_an_owner() -> None:
    listening = {service.name for service in registered_services() if service.listens or service.owns}

    assert {group.name for group in registered_groups()} <= listening
    assert {owner.name for kind in ("user", "post", "order") if (owner := owner_of(kind))} == {
        "identity-service",
        "content-service",
        "order-service",
    }
