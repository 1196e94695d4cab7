"""How are relay and consumer watched from outside? Each runs in a process of its own, and answers through a pipe.

The bare loops use the consumer's settings and the statements that a relay and an inbox need at least: take, complete
and claim. They park nothing, try nothing again and share with nobody.
"""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

from confluent_kafka import Consumer, Producer
from django.db import transaction

from benchmarks import raw
from benchmarks.setting import set_up
from outbox.bus.kafka import PRODUCER_CONFIG, KafkaBus
from outbox.bus.kafka_consumer import CONSUMER_CONFIG
from outbox.conf import outbox_conf
from outbox.consumer import ConsumerRunner, ConsumerSettings
from outbox.handlers import ConsumerGroup, Handler
from outbox.message import ReceivedEvent
from outbox.runner import RelayRunner, RelaySettings
from outbox.sql.statements import statement

Part = Literal["raw relay", "nova relay", "raw consumer", "nova consumer"]
TOPIC = "nova.content.events"
TAKE = """
SELECT id, event_id::text, topic, partition_key, payload::text FROM outbox_events
WHERE NOT published AND discarded_at IS NULL ORDER BY position LIMIT 2000
"""
COMPLETE = "UPDATE outbox_events SET published = true, published_at = now() WHERE id = ANY(%(ids)s)"
# Seconds without rows after which the bare relay looks again.
PAUSE = 0.0005


class Watched:
    """The parent's end."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        return float(self._ask("cpu"))

    def handled(self) -> int:
        """How many events have had their effect."""
        return int(self._ask("handled"))

    def committed(self) -> dict[str, float]:
        """When the effect of each event was committed, by its id, on the clock of `time.perf_counter`. Ends it."""
        committed: dict[str, float] = self._ask("stop")
        return committed

    def _ask(self, question: str) -> Any:
        self._pipe.send(question)
        return self._pipe.recv()


@contextmanager
def watched(part: Part, brokers: str, group: str) -> Iterator[Watched]:
    """A relay or a consumer that has begun: Nova's, or the bare loop."""
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    process = context.Process(target=_main, args=(part, brokers, group, other), daemon=True)
    process.start()
    try:
        assert pipe.recv() == "ready"
        yield Watched(pipe)
    finally:
        process.kill()
        process.join()


def _main(part: Part, brokers: str, group: str, pipe: Any) -> None:
    set_up(os.environ["DATABASE_URL"])
    committed: dict[str, float] = {}
    stop = threading.Event()
    loops: dict[Part, Callable[[], None]] = {
        "raw relay": partial(_bare_relay, brokers, stop),
        "nova relay": partial(_nova_relay, brokers, stop),
        "raw consumer": partial(_bare_consumer, brokers, group, committed, stop),
        "nova consumer": partial(_nova_consumer, brokers, group, committed, stop),
    }
    thread = threading.Thread(target=loops[part])
    thread.start()
    pipe.send("ready")
    while (question := pipe.recv()) != "stop":
        pipe.send(time.process_time() if question == "cpu" else len(committed))
    stop.set()
    thread.join()
    pipe.send(committed)


def _nova_relay(brokers: str, stop: threading.Event) -> None:
    RelayRunner(KafkaBus(brokers), RelaySettings.of(outbox_conf())).run(stop)


def _nova_consumer(brokers: str, group: str, committed: dict[str, float], stop: threading.Event) -> None:
    def note(events: Sequence[ReceivedEvent]) -> None:
        event_ids = [str(event.event_id) for event in events]
        transaction.on_commit(lambda: committed.update(dict.fromkeys(event_ids, time.perf_counter())))

    handler = Handler(name="note", event_types=frozenset({"content.post.created"}), handle_batch=note)
    made = ConsumerGroup(name=group, topics=(TOPIC,), handlers=(handler,))
    ConsumerRunner(made, KafkaBus(brokers), ConsumerSettings.of(outbox_conf(), made)).run(stop)


def _bare_relay(brokers: str, stop: threading.Event) -> None:
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


def _bare_consumer(brokers: str, group: str, committed: dict[str, float], stop: threading.Event) -> None:
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, **CONSUMER_CONFIG})
    consumer.subscribe([TOPIC])
    with raw.connect(os.environ["DATABASE_URL"]) as client:
        while not stop.is_set():
            first = consumer.poll(0.5)
            if first is None:
                continue
            messages = [one for one in (first, *consumer.consume(499, timeout=0)) if not one.error()]
            event_ids = [dict(one.headers())["event_id"].decode() for one in messages]  # type: ignore[arg-type, union-attr]
            with client.transaction():
                parameters = {"consumer": group, "event_ids": "{" + ",".join(event_ids) + "}"}
                client.execute(statement("claim"), parameters)
            committed.update(dict.fromkeys(event_ids, time.perf_counter()))
            consumer.commit(message=messages[-1])
    consumer.close()
