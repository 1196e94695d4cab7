"""What may be decided about a consumer group? What it does not consume is refused: it would hold nothing, unnoticed."""

import re

from outbox import flow
from outbox.exceptions import InvalidRequest
from outbox.flow import Scope
from outbox.handlers import ConsumerGroup
from outbox.lag import names_at_broker
from outbox.models import ConsumerControl
from outbox.operations import TOPIC


def scope_within(group: ConsumerGroup, *, topic: str = "", partition: int | None = None) -> Scope:
    """A group, or the part of it that is named. Raises `InvalidRequest` when it has no such part."""
    if partition is not None and not topic:
        raise InvalidRequest("a partition is one of a topic: name that too", pointer="/topic")
    if topic and not (TOPIC.fullmatch(topic) and _consumes(group, topic)):
        raise InvalidRequest(f"{group.name} does not consume {topic}", pointer="/topic")
    return Scope(consumer=group.name, topic=topic, partition=partition)


def decide(verb: str, scope: Scope, *, actor: str, reason: str) -> list[ConsumerControl]:
    """Pause, resume or drain; what still holds a resumed part, because it is about more.

    A drain is one of a whole group. Raises `InvalidRequest` for one of a part.
    """
    match verb:
        case "pause":
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


def _consumes(group: ConsumerGroup, topic: str) -> bool:
    _, topics = names_at_broker(group)
    return any(re.match(name, topic) if name.startswith("^") else name == topic for name in topics)
