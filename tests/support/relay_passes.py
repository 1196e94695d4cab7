"""Policies and brokers for passes of a relay over the memory bus."""

from collections.abc import Callable

from outbox.api import MemoryBus, RetryPolicy
from outbox.bus.base import DeliveryFailure, Failure, OutgoingMessage
from outbox.relay.topic_policies import TopicPolicies, TopicPolicy

AT_ONCE = TopicPolicies(usual=TopicPolicy(retry=RetryPolicy(limit=2, base=0.0)))
LATER = TopicPolicies(usual=TopicPolicy(retry=RetryPolicy(limit=8, base=3600.0, cap=3600.0)))


def refusing(number: int, failure: Failure = Failure.REFUSED) -> Callable[[OutgoingMessage], DeliveryFailure | None]:
    """Refuses the note with this number."""

    def decide(message: OutgoingMessage) -> DeliveryFailure | None:
        refused = b'"number":%d}' % number in message.body or b'"number":%d,' % number in message.body
        return DeliveryFailure(failure=failure, reason="because") if refused else None

    return decide


def in_published_order(bus: MemoryBus) -> list[int]:
    """The numbers of what was published."""
    return [int(dict(m.headers)["version"]) for m in bus.published]
