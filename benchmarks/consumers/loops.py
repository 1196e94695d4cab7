"""Loops of the watched processes: Nova's relay and consumer, and the bare loops beside them.

The bare loops use the consumer's settings and the statements that a relay and an inbox need at least: take, complete
and claim; they decode each payload to its type. They park nothing, try nothing again and share with nobody.
"""

import os
import threading
import time
from collections.abc import Sequence

import msgspec
from confluent_kafka import Consumer, Producer
from django.db import transaction

from benchmarks import raw
from nova.services.content.events import ContentPostCreated
from outbox.bus.kafka.bus import KafkaBus
from outbox.bus.kafka.config import CONSUMER_CONFIG, PRODUCER_CONFIG
from outbox.conf import outbox_conf
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.settings import ConsumerSettings
from outbox.handling.handlers import ConsumerGroup, Handler
from outbox.hosting.hosted_loop import collect_seldom
from outbox.messages.received import ReceivedEvent
from outbox.relay.runner import RelayRunner, RelaySettings
from outbox.sql.statements import statement

TOPIC = "nova.content.events"
TAKE = """
SELECT id, event_id::text, topic, partition_key, payload::text FROM outbox_events
WHERE NOT published AND discarded_at IS NULL ORDER BY position LIMIT 2000
"""
COMPLETE = "UPDATE outbox_events SET published = true, published_at = now() WHERE id = ANY(%(ids)s)"
_decode = msgspec.json.Decoder(ContentPostCreated).decode
# Seconds without rows after which the bare relay looks again.
PAUSE = 0.0005


def nova_relay(brokers: str, stop: threading.Event) -> None:
    """Nova's relay."""
    collect_seldom()
    RelayRunner(KafkaBus(brokers), RelaySettings.of(outbox_conf())).run(stop)


def nova_consumer(brokers: str, group: str, committed: dict[str, float], stop: threading.Event) -> None:
    """Nova's consumer, whose handler notes when its transaction is committed."""
    collect_seldom()

    def note(events: Sequence[ReceivedEvent]) -> None:
        event_ids = [str(event.event_id) for event in events]
        transaction.on_commit(lambda: committed.update(dict.fromkeys(event_ids, time.perf_counter())))

    handler = Handler(name="note", event_types=frozenset({"content.post.created"}), handle_batch=note)
    made = ConsumerGroup(name=group, topics=(TOPIC,), handlers=(handler,))
    ConsumerRunner(made, KafkaBus(brokers), ConsumerSettings.of(outbox_conf(), made)).run(stop)


def bare_relay(brokers: str, stop: threading.Event) -> None:
    """Take, publish, wait for the reports, complete."""
    producer = Producer({"bootstrap.servers": brokers, **PRODUCER_CONFIG})
    with raw.connect(os.environ["DATABASE_URL"]) as client:
        while not stop.is_set():
            rows = client.execute(TAKE).fetchall()
            for _, event_id, topic, key, payload in rows:
                headers = [("event_type", b"content.post.created"), ("event_id", event_id.encode())]
                producer.produce(topic, key=key, value=payload, headers=headers)
            assert producer.flush(10) == 0
            if rows:
                client.execute(COMPLETE, {"ids": [row[0] for row in rows]})
            else:
                time.sleep(PAUSE)


def bare_consumer(brokers: str, group: str, committed: dict[str, float], stop: threading.Event) -> None:
    """Poll, claim, commit."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, **CONSUMER_CONFIG})
    consumer.subscribe([TOPIC])
    with raw.connect(os.environ["DATABASE_URL"]) as client:
        while not stop.is_set():
            first = consumer.poll(0.5)
            if first is None:
                continue
            messages = [one for one in (first, *consumer.consume(499, timeout=0)) if not one.error()]
            for one in messages:
                _decode(one.value())  # type: ignore[arg-type]
            event_ids = [dict(one.headers())["event_id"].decode() for one in messages]  # type: ignore[arg-type, union-attr]
            with client.transaction():
                parameters = {"consumer": group, "event_ids": "{" + ",".join(event_ids) + "}"}
                client.execute(statement("claim"), parameters)
            committed.update(dict.fromkeys(event_ids, time.perf_counter()))
            consumer.commit(message=messages[-1])
    consumer.close()
