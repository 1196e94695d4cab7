"""Consumer lag: how far one of Nova's groups is behind, as the settings place it at the broker."""

from collections.abc import Sequence

from outbox.bus.base import PartitionLag
from outbox.bus.factory import configured_bus
from outbox.conf import outbox_conf
from outbox.handling.handlers import ConsumerGroup


def names_at_broker(group: ConsumerGroup) -> tuple[str, Sequence[str]]:
    """The group's id and topics at the broker, which settings may have changed."""
    conf = outbox_conf()
    return conf.group_id or group.name, conf.topics or group.topics


def lag_of(group: ConsumerGroup) -> list[PartitionLag]:
    """The lag of the group. Raises `BrokerUnavailable`, and `Unsupported` where a broker cannot tell."""
    return configured_bus().lag(*names_at_broker(group))


def partitions_of(topic: str) -> int | None:
    """How many partitions a topic has; None when it is not there. Raises `BrokerUnavailable`."""
    return configured_bus().partitions(topic)
