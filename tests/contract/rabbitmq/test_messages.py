"""RabbitMQ adapter, messages: what others have written, and what cannot be read."""

from struct import pack
from typing import Any

import pytest

from outbox.bus.base import OutgoingMessage
from outbox.bus.rabbitmq.bus import RabbitBus
from outbox.bus.rabbitmq.topology import dead_letters_name
from outbox.messages.headers import event_id_of
from tests.contract.test_bus import commit, joined, message, receive
from tests.support.outbox import eventually, unique


def test_messages_are_persistent_and_say_what_they_are(bus: RabbitBus, topic: str, outsider: Any) -> None:
    queue = unique("outside")
    outsider.queue_declare(queue, durable=True, auto_delete=False)
    outsider.queue_bind(queue, topic, routing_key="order.created")
    headers = (("event_type", b"order.created"), ("event_id", b"an-id"), ("content-type", b"application/json"))

    bus.publish_batch([OutgoingMessage(topic=topic, key=b"k", body=b"{}", headers=headers)])

    properties = outsider.basic_get(queue, no_ack=True).properties
    assert {name: properties[name] for name in ("delivery_mode", "type", "message_id", "content_type")} == {
        "delivery_mode": 2,
        "type": "order.created",
        "message_id": "an-id",
        "content_type": "application/json",
    }


def test_a_rejected_message_goes_to_the_dead_letters_of_its_group(bus: RabbitBus, topic: str, outsider: Any) -> None:
    group = unique("group")
    subscription = bus.subscribe(group, [topic])
    bus.publish_batch([message(topic, "a", "good"), message(topic, "a", "bad")])
    good, bad = receive(subscription, 2)

    subscription.reject(bad)
    commit(subscription, [good])

    dead = eventually(lambda: outsider.basic_get(dead_letters_name(group), no_ack=True))
    assert bytes(dead.body) == b"bad"
    assert dead.properties["application_headers"]["x-death"][0]["reason"] == "rejected"
    assert sum(subscription.lag().values()) == 0
    subscription.close()


@pytest.mark.parametrize("body", [b"unreadable", b""])
@pytest.mark.parametrize("what", ["a date in milliseconds", "a type that is no text"])
def test_a_message_with_unreadable_properties_goes_to_the_dead_letters_and_holds_up_no_other(
    bus: RabbitBus, topic: str, outsider: Any, what: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = unique("group")
    bus.subscribe(group, [topic]).close()
    if what == "a date in milliseconds":
        publish_with_headers(outsider, topic, b"\x04sentT" + pack(">Q", 1_763_750_000_000), monkeypatch, body=body)
    else:
        unreadable = outsider.prepare_message(body, properties={"type": b"\xff"})
        outsider.basic_publish(unreadable, exchange=topic, routing_key="x")
    # To the same queue, as it carries no key either.
    outsider.basic_publish(outsider.prepare_message(b"behind it"), exchange=topic, routing_key="x")

    subscription = bus.subscribe(group, [topic])
    received = receive(subscription, 1)
    commit(subscription, received)

    assert [m.body for m in received] == [b"behind it"]
    eventually(lambda: outsider.queue_declare(dead_letters_name(group), passive=True).message_count == 1)
    assert sum(subscription.lag().values()) == 0
    subscription.close()


def test_a_header_s_name_that_is_no_text_is_read_as_far_as_it_is_one(
    bus: RabbitBus, topic: str, outsider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = joined(bus, topic)
    headers = b"\x03\xffnoS" + pack(">I", 1) + b"1" + b"\x03yesS" + pack(">I", 1) + b"2"

    publish_with_headers(outsider, topic, headers, monkeypatch)

    (received,) = receive(subscription, 1)
    assert {"\ufffdno": b"1", "yes": b"2"}.items() <= dict(received.headers).items()
    subscription.close()


def publish_with_headers(
    outsider: Any, topic: str, table: bytes, monkeypatch: pytest.MonkeyPatch, *, body: bytes = b"{}"
) -> None:
    """With a table of headers as some other client may write it."""
    with monkeypatch.context() as patched:
        patched.setattr("amqp.serialization._write_table", lambda _, write, __: write(pack(">I", len(table)) + table))
        outsider.basic_publish(outsider.prepare_message(body, headers={"n": 1}), exchange=topic, routing_key="x")


@pytest.mark.parametrize("properties", [{}, {"message_id": "m-1"}])
def test_an_external_message_without_an_id_is_the_same_one_at_every_delivery(
    bus: RabbitBus, topic: str, outsider: Any, properties: dict[str, str]
) -> None:
    group = unique("group")
    bus.subscribe(group, [topic]).close()
    for body in (b"one", b"two"):
        own = {name: f"{value}-{body!r}" for name, value in properties.items()}
        external = outsider.prepare_message(body, headers={"event_type": "x", "n": 1}, properties=own)
        outsider.basic_publish(external, exchange=topic, routing_key="x")

    def ids() -> list[object]:
        subscription = bus.subscribe(group, [topic])
        received = receive(subscription, 2)
        subscription.close()
        assert [(m.body, m.key, dict(m.headers)["n"]) for m in received] == [(b"one", None, b"1"), (b"two", None, b"1")]
        return [event_id_of(m) for m in received]

    assert ids() == ids()
    assert len(set(ids())) == 2


def test_a_header_s_name_that_nobody_could_keep_is_made_one_that_can_be(
    bus: RabbitBus, topic: str, outsider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = joined(bus, topic)
    half_a_surrogate = b"\xed\xa0\x80"
    headers = b"\x03\x00noS" + pack(">I", 1) + b"1" + b"\x05" + half_a_surrogate + b"noS" + pack(">I", 1) + b"2"

    publish_with_headers(outsider, topic, headers, monkeypatch)

    (received,) = receive(subscription, 1)
    assert {"\ufffdno": b"1", "?no": b"2"}.items() <= dict(received.headers).items()
    subscription.close()
