"""Services that hear of each other: from a commit through relay, topic and group to the effect (A8, E2, E3)."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest
import redis
from django.core import mail
from django.db import transaction

from events.api import StreamId, execute, get_events, load_aggregate
from nova.services.content.aggregates.post import CreatePost
from nova.services.content.models import KnownUser
from nova.services.content.pending_media import pending_media
from nova.services.content.posts import PostsProjection
from nova.services.content.queries import get_post
from nova.services.content.user_copies import LocalUser, local_user
from nova.services.identity.accounts import EmailTaken
from nova.services.identity.aggregates import ChangeEmail, CreateUser
from nova.services.identity.models import UserAccount
from nova.services.inventory.aggregates.stock import ReceiveStock
from nova.services.media.aggregates import CompleteUpload, DeleteUpload, StartUpload
from nova.services.orders.aggregates import ORDER
from nova.services.orders.commands import CreateOrder, PayOrder, PriceOrder
from nova.services.orders.events import OrderItem
from nova.services.payments.events import PaymentProcessed
from outbox.api import (
    ConsumerGroup,
    KafkaBus,
    ReceivedEvent,
    Service,
    TopicSpec,
    commands_from,
    group_named,
    keep_external_events,
    relay_runner,
)
from outbox.hosting.runners import consumer_runner
from outbox.models import DeadLetter, ExternalEvent, InboxEntry, OutboxEvent
from projections.api import verify
from tests.support.outbox import eventually, headers_of, hosted, produce, read_topic, unique
from tests.support.projections import catch_up

pytestmark = pytest.mark.usefixtures("recording", "redis_url", "kafka", "prefix", "equal_to_the_log")


def order(product: str, quantity: int) -> CreateOrder:
    items = [OrderItem(product_id=product, quantity=quantity, unit_price=500)]
    return CreateOrder(customer_id="ann", currency="EUR", items=items)


def types(order_id: str) -> list[str]:
    return [event.event_type for event in get_events(StreamId("order", order_id))]


def test_the_content_service_knows_users_whose_creation_was_committed_and_no_others(redis_url: str) -> None:
    execute("ann", CreateUser(email="ann@example.org", name="Ann"))
    with pytest.raises(LookupError), transaction.atomic():
        execute("bob", CreateUser(email="bob@example.org", name="Bob"))
        raise LookupError
    with pytest.raises(EmailTaken):
        execute("dan", CreateUser(email="ann@example.org", name="Dan"))
    execute("ann", ChangeEmail(email="ann@example.net"))
    execute("cem", CreateUser(email="cem@example.org", name="Cem"))

    with hosted(relay_runner(), consumer_runner(group_named("content-service"))):
        eventually(lambda: local_user("cem"))
        eventually(lambda: local_user("ann") == LocalUser(id="ann", username="Ann", email="ann@example.net"))
        with redis.Redis.from_url(redis_url) as client:
            assert 86_000 < client.ttl("user:ann") <= 86_400

        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        assert local_user("ann") == LocalUser(id="ann", username="Ann", email="ann@example.net")
        with redis.Redis.from_url(redis_url) as client:
            assert 86_000 < client.ttl("user:ann") <= 86_400

    assert local_user("bob") is None
    # What was rolled back is nowhere: no event, no message, no row of either service, no copy.
    assert not get_events(StreamId("user", "bob"))
    assert not OutboxEvent.objects.filter(aggregate_id="bob").exists()
    assert sorted(UserAccount.objects.values_list("user_id", flat=True)) == ["ann", "cem"]
    assert sorted(KnownUser.objects.values_list("user_id", flat=True)) == ["ann", "cem"]
    kept = ExternalEvent.objects.filter(service="content-service").values_list("aggregate_id", "event_type")
    assert sorted(kept) == [("ann", "user.created"), ("ann", "user.email_changed"), ("cem", "user.created")]
    assert not DeadLetter.objects.exists()


def test_an_order_is_priced_or_ended_by_the_order_service_however_often_it_hears_of_it(
    settings: Any, kafka_brokers: str, prefix: str
) -> None:
    execute("tea", ReceiveStock(quantity=5))
    settings.NOVA_ORDER_RECIPIENTS = ["shop@example.org"]
    execute("small", order("tea", 2))
    execute("large", order("tea", 6))

    with hosted(relay_runner(), consumer_runner(group_named("order-service"))):
        eventually(lambda: types("small") == ["order.created", "order.price_calculated"])
        eventually(lambda: types("large")[-1] == "order.cancelled")
        own = len(types("small") + types("large")) - 1
        for topic, number in ((f"{prefix}.order.events", own), (f"{prefix}.inventory.events", 1)):
            sent = read_topic(kafka_brokers, topic, at_least=number)
            produce(kafka_brokers, topic, *((one.key(), one.value(), headers_of(one)) for one in sent))
        execute("later", order("tea", 1))
        eventually(lambda: types("later") == ["order.created", "order.price_calculated"])

    assert load_aggregate(ORDER, "small").state.price == 1_000
    assert types("small") == ["order.created", "order.price_calculated"]
    assert types("large").count("inventory.insufficient") == types("large").count("order.cancelled") == 1
    assert sorted(one.subject for one in mail.outbox) == ["Order large", "Order later", "Order small"]
    assert not DeadLetter.objects.exists()


def test_a_payment_of_another_service_is_kept_and_pays_the_order_once(
    kafka: KafkaBus, kafka_brokers: str, prefix: str
) -> None:
    execute("o1", order("tea", 1))
    execute("o1", PriceOrder(total=500))

    def pay(event: ReceivedEvent) -> tuple[str, PayOrder]:
        assert isinstance(event.payload, PaymentProcessed)
        return event.payload.order_id, PayOrder(payment_id=event.payload.payment_id, amount=500)

    service = Service(name=unique("orders"), owns=frozenset({"order"}), listens=frozenset({"payment"}))
    handlers = (
        keep_external_events(service, ["payment.processed"]),
        commands_from(service, {"payment.processed": pay}),
    )
    topic = f"{prefix}.payment.events"
    kafka.ensure_topics([TopicSpec(name=topic, partitions=3)])

    def paid(payment_id: str) -> tuple[bytes, bytes, dict[str, bytes]]:
        payload = PaymentProcessed(order_id="o1", payment_id=payment_id, amount=500, currency="EUR", reference="r")
        body = msgspec.json.encode(payload)
        headers = {"event_type": b"payment.processed", "event_id": str(uuid4()).encode()}
        return b"o1", body, headers | {"aggregate_type": b"payment", "aggregate_id": payment_id.encode()}

    first, refused = paid("p1"), paid("p2")
    produce(kafka_brokers, topic, first, first, refused, first)
    with hosted(consumer_runner(ConsumerGroup(name=service.name, topics=[topic], handlers=handlers))):
        eventually(lambda: InboxEntry.objects.filter(consumer=service.name).count() == 2)

    assert types("o1") == ["order.created", "order.price_calculated", "order.paid"]
    assert get_events(StreamId("order", "o1"))[-1].payload.payment_id == "p1"  # type: ignore[attr-defined]
    kept = ExternalEvent.objects.filter(service=service.name).values_list("aggregate_id", flat=True)
    assert list(kept.order_by("aggregate_id")) == ["p1", "p2"]
    assert not DeadLetter.objects.exists()


def test_a_post_shows_what_its_author_has_uploaded_whatever_becomes_of_redis(redis_url: str) -> None:
    def upload(upload_id: str) -> None:
        execute(upload_id, StartUpload(user_id="ann", file_name="cat.jpg"))
        execute(upload_id, CompleteUpload(media_id=f"media-{upload_id}", size_bytes=1))

    def media(post_id: str) -> list[str]:
        catch_up(PostsProjection())
        return [one.media_id for one in get_post(post_id).media]

    with hosted(relay_runner(), consumer_runner(group_named("content-service"))):
        upload("u1")
        eventually(lambda: pending_media("ann"))
        with redis.Redis.from_url(redis_url) as client:
            assert 3_500 < client.ttl("pending_media:ann") <= 3_600
            client.flushall()
        upload("u2")
        eventually(lambda: [one.upload_id for one in pending_media("ann")] == ["u1", "u2"])
        execute("p", CreatePost(author_id="ann", caption="cats", media_type="image"))
        execute("q", CreatePost(author_id="ann", caption="more", media_type="image"))
        eventually(lambda: not pending_media("ann"))
        assert sorted(media("p") + media("q")) == ["media-u1", "media-u2"]
        execute("u1", DeleteUpload())
        eventually(lambda: media("p") + media("q") == ["media-u2"])

    assert not DeadLetter.objects.exists()
    assert verify(PostsProjection()) is None
