"""Scope check: what may be decided about a consumer group. What it does not consume is refused: none of it is held."""

from outbox.bus.topic_patterns import includes
from outbox.consumers.control import decisions as flow
from outbox.consumers.control.decisions import Scope
from outbox.consumers.lag import names_at_broker, partitions_of
from outbox.exceptions import BrokerUnavailable, InvalidRequest
from outbox.handling.handlers import ConsumerGroup
from outbox.models import ConsumerControl
from outbox.relay.row_actions import TOPIC

# Kafka counts partitions in 32 bits.
MAX_PARTITION = 2**31 - 1


def scope_within(group: ConsumerGroup, *, topic: str = "", partition: int | None = None) -> Scope:
    """A group, or the part of it that is named. Raises `InvalidRequest` when it has no such part."""
    if partition is not None and not topic:
        raise InvalidRequest("a partition is one of a topic: name that too", pointer="/topic")
    if partition is not None and not 0 <= partition <= MAX_PARTITION:
        raise InvalidRequest(f"must be a whole number from 0 to {MAX_PARTITION}", pointer="/partition")
    if topic and not (TOPIC.fullmatch(topic) and _consumes(group, topic)):
        raise InvalidRequest(f"{group.name} does not consume {topic}", pointer="/topic")
    return Scope(consumer=group.name, topic=topic, partition=partition)


def decide(verb: str, scope: Scope, *, actor: str, reason: str) -> list[ConsumerControl]:
    """Pause, resume or drain; what still holds a resumed part, because it is about more.

    A drain is one of a whole group.

    Raises:
        InvalidRequest: a drain of a part, or a pause of a partition that the topic does not have.
        GroupDrained: a pause of a group that is drained.
    """
    match verb:
        case "pause":
            _check_partition(scope)
            flow.pause(scope, actor=actor, reason=reason)
        case "drain":
            if scope.topic:
                raise InvalidRequest("only a whole group is drained; pause a part of it", pointer="/topic")
            flow.drain(scope.consumer, actor=actor, reason=reason)
        case "resume":
            return flow.resume(scope, actor=actor, reason=reason)
        case _:
            raise ValueError(verb)
    return []


def _check_partition(scope: Scope) -> None:
    if scope.partition is None:
        return
    there_are = _partitions(scope.topic)
    if there_are is not None and scope.partition >= there_are:
        raise InvalidRequest(f"{scope.topic} has the partitions 0 to {there_are - 1}", pointer="/partition")


def _partitions(topic: str) -> int | None:
    """How many it has. None when nobody knows: a broker that is away must not keep an operator from holding a group."""
    try:
        return partitions_of(topic)
    except BrokerUnavailable:
        return None


def _consumes(group: ConsumerGroup, topic: str) -> bool:
    _, topics = names_at_broker(group)
    return includes(topics, topic)
