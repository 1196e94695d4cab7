"""RabbitMQ adapter: what it does beyond the contract of every bus."""

import os
from collections.abc import Iterator
from socket import MSG_DONTWAIT
from struct import pack
from typing import Any, cast

import pytest
from amqp.exceptions import PreconditionFailed
from kombu import Connection

from nova.local.servers.embedded import Embedded
from outbox.bus.base import Failure, OutgoingMessage, TopicSpec
from outbox.bus.rabbitmq.bus import RabbitBus
from outbox.bus.rabbitmq.subscription import RabbitSubscription
from outbox.bus.rabbitmq.topology import dead_letters_name, members_name, queue_name
from outbox.bus.rabbitmq.wire import RabbitAddress
from outbox.exceptions import QueueMismatch
from outbox.messages.headers import event_id_of
from tests.contract.test_bus import commit, joined, message, receive
from tests.support.outbox import eventually, unique
from tests.support.rabbitmq import forget_patterns, where_quorum_is_the_default


@pytest.fixture
def bus(rabbitmq: Embedded) -> Iterator[RabbitBus]:
    forget_patterns(rabbitmq.address)
    made = RabbitBus(RabbitAddress(url=rabbitmq.address))
    yield made
    made.close()


@pytest.fixture
def topic(bus: RabbitBus) -> str:
    name = unique("contract")
    assert bus.ensure_topics([TopicSpec(name=name, partitions=3)]) == {}
    return name


@pytest.fixture
def outsider(rabbitmq: Embedded) -> Iterator[Any]:
    """A channel of a client that knows nothing of Nova."""
    connection = Connection(rabbitmq.address)
    yield connection.channel()
    # Without a farewell: a test may have killed the broker.
    connection.collect(socket_timeout=1)


def of_type(topic: str, key: str, event_type: str, body: bytes = b"{}") -> OutgoingMessage:
    return OutgoingMessage(topic=topic, key=key.encode(), body=body, headers=(("event_type", event_type.encode()),))


def failures(bus: RabbitBus, *messages: OutgoingMessage) -> list[Failure | None]:
    return [result.failure if result else None for result in bus.publish_batch(messages)]


def test_a_topic_that_does_not_exist_refuses_and_the_others_go_on(bus: RabbitBus, topic: str) -> None:
    subscription = joined(bus, topic)
    nowhere = unique("nowhere")

    assert failures(bus, message(nowhere, "a", "1"), message(topic, "a", "2"), message(nowhere, "a", "3")) == [
        Failure.REFUSED,
        None,
        Failure.BLOCKED,
    ]
    assert [m.body for m in receive(subscription, 1)] == [b"2"]
    subscription.close()


def test_a_message_that_no_queue_wants_is_refused_and_holds_its_key(bus: RabbitBus, topic: str, outsider: Any) -> None:
    queue = unique("orders")
    outsider.queue_declare(queue, durable=True, auto_delete=False)
    outsider.queue_bind(queue, topic, routing_key="order.*")

    assert failures(
        bus,
        of_type(topic, "a", "order.created"),
        of_type(topic, "a", "invoice.sent"),
        of_type(topic, "a", "order.paid"),
        of_type(topic, "b", "order.paid"),
    ) == [None, Failure.REFUSED, Failure.BLOCKED, None]
    received = [outsider.basic_get(queue, no_ack=True) for _ in range(3)]
    assert [one and one.delivery_info["routing_key"] for one in received] == ["order.created", "order.paid", None]


def test_a_queue_that_refuses_more_holds_its_key(bus: RabbitBus, topic: str, outsider: Any) -> None:
    """A nack, as of a queue that is full."""
    queue = unique("short")
    arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
    outsider.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)
    outsider.queue_bind(queue, topic, routing_key="#")

    assert failures(bus, *(message(topic, "a", str(n)) for n in range(3))) == [None, Failure.REFUSED, Failure.BLOCKED]


def test_a_key_with_more_messages_than_time_goes_on_with_the_next_batch(bus: RabbitBus, topic: str) -> None:
    subscription = joined(bus, topic)
    bus._deadline = 0.5
    messages = [message(topic, "a", str(n)) for n in range(2_000)]

    results = bus.publish_batch(messages)
    delivered = results.index(next(filter(None, results)))
    bus._deadline = 30.0
    assert set(bus.publish_batch(messages[delivered:])) == {None}

    assert 0 < delivered < 2_000
    assert {result and result.failure for result in results[delivered:]} == {Failure.BLOCKED}
    numbers: list[int] = []
    while len(numbers) < 2_000:
        received = receive(subscription, 1)
        commit(subscription, received)
        numbers += [int(m.body or b"") for m in received]
    assert numbers == list(range(2_000))
    subscription.close()


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


def test_what_was_confirmed_outlives_the_broker_and_a_member_comes_back_to_it(
    bus: RabbitBus, topic: str, rabbitmq: Embedded
) -> None:
    subscription = joined(bus, topic)
    assert set(bus.publish_batch([message(topic, f"k{n % 9}", str(n)) for n in range(200)])) == {None}
    commit(subscription, receive(subscription, 200)[:0])

    rabbitmq.kill()
    during = failures(bus, message(topic, "k0", "200"))
    rabbitmq.await_ready()
    eventually(lambda: failures(bus, message(topic, "k0", "201")) == [None])
    again = receive(subscription, 201)
    commit(subscription, again)

    assert during == [Failure.OUTAGE]
    for key in {m.key for m in again}:
        numbers = [int(m.body or b"") for m in again if m.key == key]
        assert numbers == sorted(numbers)
    assert {int(m.body or b"") for m in again} >= {*range(200), 201}
    subscription.close()


def test_the_first_message_after_a_silence_is_no_outage(
    bus: RabbitBus, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker closes a connection that it has heard nothing on for twice its heartbeat."""
    monkeypatch.setattr("outbox.bus.rabbitmq.wire.HEARTBEAT", 1)
    bus.close()
    subscription = joined(bus, topic)
    assert failures(bus, message(topic, "a", "1")) == [None]
    publisher = bus._publisher
    assert publisher is not None
    socket = publisher._connection.connection.transport.sock

    eventually(lambda: is_closed(socket))

    assert failures(bus, message(topic, "a", "2")) == [None]
    assert failures(bus, message(topic, "a", "3")) == [None]
    subscription.close()


def is_closed(socket: Any) -> bool:
    """Whether the other side has closed it; what it has said before is read."""
    try:
        return not socket.recv(65_536, MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_a_member_that_lost_its_connection_does_not_acknowledge_what_came_over_it(bus: RabbitBus, topic: str) -> None:
    subscription = joined(bus, topic)
    bus.publish_batch([message(topic, "a", "1")])
    before = receive(subscription, 1)

    cast("RabbitSubscription", subscription)._connection.connection.transport.sock.close()
    again = receive(subscription, 1)
    commit(subscription, before)

    assert [m.body for m in again] == [b"1"]
    assert sum(subscription.lag().values()) == 1
    commit(subscription, again)
    assert sum(subscription.lag().values()) == 0
    subscription.close()


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


def test_a_group_may_have_more_queues_than_publishers_know_of(bus: RabbitBus, topic: str, rabbitmq: Embedded) -> None:
    """And fewer: what has no queue of its own comes to the first."""
    small = RabbitBus(RabbitAddress(url=rabbitmq.address, partitions=2)).subscribe(unique("group"), [topic])
    large = RabbitBus(RabbitAddress(url=rabbitmq.address, partitions=9)).subscribe(unique("group"), [topic])
    bus.publish_batch([message(topic, f"key-{n}", str(n)) for n in range(40)])

    for subscription in (small, large):
        assert len({m.body for m in receive(subscription, 40)}) == 40
        subscription.close()


def test_a_forked_process_makes_a_connection_of_its_own(bus: RabbitBus, topic: str) -> None:
    subscription = joined(bus, topic)
    bus.publish_batch([message(topic, "a", "parent")])

    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if bus.publish_batch([message(topic, "b", "child")]) == [None] else 2
            bus.close()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert bus.publish_batch([message(topic, "a", "parent again")]) == [None]
    assert sorted(m.body or b"" for m in receive(subscription, 3)) == [b"child", b"parent", b"parent again"]
    subscription.close()


def test_a_paused_partition_waits_and_the_others_go_on(bus: RabbitBus, topic: str) -> None:
    subscription = bus.subscribe(unique("group"), [topic])
    bus.publish_batch([message(topic, key, f"{key} 0") for key in ("a", "b")])
    first = {m.key: m for m in receive(subscription, 2)}
    quiet = (topic, first[b"a"].partition)
    assert first[b"b"].partition != quiet[1]

    subscription.pause([quiet])
    bus.publish_batch([message(topic, key, f"{key} {n}") for n in (1, 2) for key in ("a", "b")])
    assert [m.body for m in receive(subscription, 2)] == [b"b 1", b"b 2"]
    assert subscription.poll(limit=10, timeout=0.2) == []
    subscription.resume([quiet])

    assert [m.body for m in receive(subscription, 2)] == [b"a 1", b"a 2"]
    subscription.close()


def test_who_hands_over_may_commit_at_the_last_moment(bus: RabbitBus, topic: str) -> None:
    group = unique("group")
    subscription = bus.subscribe(group, [topic])
    bus.publish_batch([message(topic, "a", "1")])
    (received,) = receive(subscription, 1)
    told: list[object] = []

    def finish(partitions: object) -> None:
        told.append(partitions)
        commit(subscription, [received])

    subscription.before_handover = finish
    subscription.close()
    second = bus.subscribe(group, [topic])

    assert told
    assert second.poll(limit=1, timeout=0.3) == []
    second.close()


def test_prefetch_bounds_what_a_member_holds_and_more_comes_with_each_commit(
    bus: RabbitBus, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbox.bus.rabbitmq.subscription.PREFETCH", 5)
    subscription = joined(bus, topic)
    bus.publish_batch([message(topic, "a", str(n)) for n in range(12)])

    held = receive(subscription, 5)
    assert subscription.poll(limit=100, timeout=0.3) == []
    commit(subscription, held)

    assert [m.body for m in receive(subscription, 5)] == [b"5", b"6", b"7", b"8", b"9"]
    subscription.close()


@pytest.fixture
def quorum_address(rabbitmq: Embedded) -> str:
    """A virtual host where a queue that says nothing of its type is a quorum queue."""
    return where_quorum_is_the_default(rabbitmq.address)


@pytest.fixture
def quorum_outsider(quorum_address: str) -> Iterator[Any]:
    with Connection(quorum_address) as connection:
        yield connection.channel()


def test_queues_are_classic_whatever_the_server_s_default(quorum_address: str, quorum_outsider: Any) -> None:
    topic, group = unique("classic"), unique("group")
    bus = RabbitBus(RabbitAddress(url=quorum_address))
    assert bus.ensure_topics([TopicSpec(name=topic, partitions=3)]) == {}
    subscription = bus.subscribe(group, [topic])
    assert failures(bus, *(message(topic, "a", str(n)) for n in range(5))) == [None] * 5
    first = receive(subscription, 5)
    commit(subscription, first[:2])
    subscription.close()

    # What was not acknowledged is where it was, which a quorum queue would not promise.
    again = bus.subscribe(group, [topic])
    assert [m.body for m in receive(again, 3)] == [b"2", b"3", b"4"]
    again.close()
    bus.close()
    dead = {"x-dead-letter-exchange": dead_letters_name(group)}
    queues = {queue_name(group, topic, 0): dead, members_name(group, topic): {}, dead_letters_name(group): {}}
    for name, arguments in queues.items():
        with pytest.raises(PreconditionFailed, match="received 'quorum' but current is 'classic'"):
            quorum_outsider.connection.channel().queue_declare(
                name, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum", **arguments}
            )


def test_queues_from_before_they_named_their_type_go_on(bus: RabbitBus, topic: str, outsider: Any) -> None:
    group = unique("group")
    for number in range(6):
        outsider.queue_declare(
            queue_name(group, topic, number),
            durable=True,
            auto_delete=False,
            arguments={"x-dead-letter-exchange": dead_letters_name(group)},
        )
    for name in (members_name(group, topic), dead_letters_name(group)):
        outsider.queue_declare(name, durable=True, auto_delete=False)

    subscription = bus.subscribe(group, [topic])
    bus.publish_batch([message(topic, "a", "1")])

    assert [m.body for m in receive(subscription, 1)] == [b"1"]
    subscription.close()


def test_a_queue_of_another_kind_is_named_to_whoever_needs_it(quorum_address: str, quorum_outsider: Any) -> None:
    topic, group = unique("kind"), unique("group")
    name = queue_name(group, topic, 2)
    quorum_outsider.queue_declare(
        name, durable=True, auto_delete=False, arguments={"x-dead-letter-exchange": dead_letters_name(group)}
    )
    bus = RabbitBus(RabbitAddress(url=quorum_address))

    for ask in (bus.subscribe, bus.ensure_group):
        with pytest.raises(QueueMismatch) as raised:
            ask(group, [topic])
        assert raised.value.queue == name
        assert "received 'classic' but current is 'quorum'" in str(raised.value)

    # The bus itself goes on.
    assert bus.ensure_topics([TopicSpec(name=topic, partitions=3)]) == {}
    quorum_outsider.queue_delete(name)
    bus.subscribe(group, [topic]).close()
    bus.close()


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
