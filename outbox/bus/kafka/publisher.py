"""Publisher: an idempotent Kafka producer that never lets a message overtake a failed one of its key."""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from outbox.bus.base import MAX_MESSAGE_BYTES, DeliveryFailure, Failure, Location, OutgoingMessage
from outbox.bus.kafka.config import LONE_PRODUCER_CONFIG, PRODUCER_CONFIG
from outbox.bus.kafka.errors import PERMANENT, Complaint, failure_of, is_consequence
from outbox.bus.keyed_batch import BLOCKED, KeyedBatch

# Seconds that a batch may take. Shorter than `message.timeout.ms`, because librdkafka times messages out one by one:
# when the broker comes back in between, a later message is delivered that has overtaken an earlier one. At this
# deadline everything that is undelivered is taken back together.
DELIVERY_DEADLINE = 4.5

Reports = dict[int, "KafkaError | Location"]
"""By place in the batch, why a message was not delivered, or where it lies."""

NOWHERE: Location = (-1, -1)

_NEVER_WORKED = DeliveryFailure(failure=Failure.OUTAGE, reason="the broker gives the producer no id, or takes it back")
_UNANSWERED = DeliveryFailure(failure=Failure.OUTAGE, reason=f"no answer within {DELIVERY_DEADLINE} s")


class KafkaPublisher:
    """The producers of one process: they are made when they are needed, and anew after a fork."""

    def __init__(self, client_config: Mapping[str, Any], deadline: float) -> None:
        """`deadline` is the seconds that a batch may take."""
        self._complaint = Complaint()
        self._client_config = {**client_config, "error_cb": self._complaint}
        self._deadline = deadline
        self._producer: Producer | None = None
        # Takes the place of one that a refusal has broken: a new one would be given its id after half a second only.
        self._spare: Producer | None = None
        self._lone: Producer | None = None
        self._pid = 0

    def warm_up(self, *, timeout: float) -> bool:
        """Connect; whether a broker has answered in time.

        A new idempotent producer has to be given its id first, which takes a young broker a second.
        """
        producer = self._live_producer()
        self._spare = self._spare or self._new_producer(PRODUCER_CONFIG)
        try:
            producer.list_topics(timeout=timeout)
        except KafkaException:
            return False
        return True

    def publish_batch(
        self, messages: Sequence[OutgoingMessage], *, locations: dict[int, Location] | None = None
    ) -> list[DeliveryFailure | None]:
        """As `Bus` asks for it."""
        self._complaint.reason = ""
        batch = KeyedBatch(messages, locations)
        suspects = self._publish(batch, deadline=time.monotonic() + self._deadline)
        if suspects:
            self._publish_one_by_one(batch, suspects)
        return [result and self._complaint.explain(result) for result in batch.results]

    def close(self) -> None:
        """Let go of the connections."""
        self._producer = self._spare = self._lone = None

    def _publish(self, batch: KeyedBatch, *, deadline: float) -> list[int]:
        """Settle the batch; the places of messages that a broker refused together with others of one request."""
        producer = self._live_producer()
        reports: Reports = {}
        handed_in: list[int] = []
        broken = False
        for place, message in batch.pending():
            failure = _hand_in(producer, message, partial(_report, reports, place), deadline)
            if failure:
                broken = broken or failure is BLOCKED
                batch.settle(place, failure)
            else:
                handed_in.append(place)
        intact = _await_reports(producer, deadline)
        results, suspects = batch.results, []
        for place in handed_in:
            if place not in reports:
                results[place] = _UNANSWERED if intact else BLOCKED
                continue
            report = reports[place]
            if isinstance(report, tuple):
                results[place] = None
                batch.locate(place, report)
                continue
            results[place] = failure_of(report) if intact or not is_consequence(report) else BLOCKED
            if report.code() in PERMANENT:
                suspects.append(place)
        if broken or any(results[place] for place in handed_in):
            # What it still has in flight may arrive or not; a new producer begins a new sequence behind it.
            self._replace_producer()
        if all(result is BLOCKED for result in results):
            # Nothing went before: the producer itself cannot work, for instance because it lacks a right.
            batch.results = [_NEVER_WORKED] * len(results)
        return suspects

    def _publish_one_by_one(self, batch: KeyedBatch, suspects: Sequence[int]) -> None:
        """Find the guilty among messages that were refused together: a broker judges a request as a whole."""
        deadline = time.monotonic() + self._deadline
        alone = KeyedBatch([batch.messages[place] for place in suspects])
        for place, message in alone.pending():
            late = time.monotonic() > deadline
            outcome = BLOCKED if late else self._publish_alone(message, deadline=deadline)
            if isinstance(outcome, tuple):
                batch.locate(suspects[place], outcome)
            alone.settle(place, None if isinstance(outcome, tuple) else outcome)
        for place, result in zip(suspects, alone.results, strict=True):
            batch.results[place] = result

    def _publish_alone(self, message: OutgoingMessage, *, deadline: float) -> DeliveryFailure | Location:
        if self._lone is None:
            self._lone = self._new_producer(LONE_PRODUCER_CONFIG)
        reports: Reports = {}
        if failure := _hand_in(self._lone, message, partial(_report, reports, 0), deadline):
            return failure
        _await_reports(self._lone, deadline)
        if 0 not in reports:
            self._lone = None
            return _UNANSWERED
        report = reports[0]
        return report if isinstance(report, tuple) else failure_of(report)

    def _live_producer(self) -> Producer:
        # librdkafka's threads do not survive a fork.
        if self._pid != os.getpid():
            self.close()
            self._pid = os.getpid()
        if self._producer is None:
            self._producer = self._new_producer(PRODUCER_CONFIG)
        return self._producer

    def _replace_producer(self) -> None:
        self._producer, self._spare = self._spare, self._spare and self._new_producer(PRODUCER_CONFIG)

    def _new_producer(self, config: Mapping[str, Any]) -> Producer:
        logger = logging.getLogger("librdkafka")
        return Producer({**self._client_config, **config}, logger=logger)


def _hand_in(
    producer: Producer, message: OutgoingMessage, report: Callable[..., None], deadline: float
) -> DeliveryFailure | None:
    if len(message.body) > MAX_MESSAGE_BYTES:
        return DeliveryFailure(failure=Failure.PERMANENT, reason=f"larger than {MAX_MESSAGE_BYTES} bytes")
    while True:
        try:
            producer.produce(
                message.topic, value=message.body, key=message.key, headers=list(message.headers), on_delivery=report
            )
        except BufferError:
            if time.monotonic() > deadline:
                return _UNANSWERED
            producer.poll(0.05)
        except KafkaException as exception:
            error = exception.args[0]
            return BLOCKED if error.fatal() or error.code() == KafkaError._FATAL else failure_of(error)  # noqa: SLF001
        else:
            return None


def _await_reports(producer: Producer, deadline: float) -> bool:
    """Wait for every delivery report; False when the producer broke down because a broker refused something."""
    intact = _flush(producer, deadline)
    if len(producer):
        producer.purge()
        intact = _flush(producer, time.monotonic() + 1.0) and intact
    return intact


def _flush(producer: Producer, deadline: float) -> bool:
    intact = True
    while len(producer) and (remaining := deadline - time.monotonic()) > 0:
        try:
            producer.flush(remaining)
        except (KafkaException, SystemError):
            # The binding raises a fatal error from inside the callback that happens to run (hence SystemError). The
            # reports that are still there follow.
            intact = False
    return intact


def _report(reports: Reports, place: int, error: KafkaError | None, message: Message) -> None:
    reports[place] = _location(message) if error is None else error


def _location(message: Message) -> Location:
    partition, offset = message.partition(), message.offset()
    # Where a broker has answered that it had the message already, its answer may name no offset.
    return (partition, offset) if partition is not None and offset is not None else NOWHERE
