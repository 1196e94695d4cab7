"""Consumer lag: how far one of Nova's groups is behind, as the settings place it at the broker."""

import time
from collections.abc import Collection, Sequence

from outbox.bus.base import Partition, PartitionLag
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


def waiting_times(lags: Collection[PartitionLag]) -> dict[Partition, float]:
    """How long the oldest message that a group has not committed has been on each partition, in seconds.

    By the messages' own timestamps, asked of the broker, so that it goes on growing while no consumer is there. 0 where
    none waits; a partition of which nothing is known is left out. Raises `Unsupported` as `lag_of` does.
    """
    behind = {(one.topic, one.partition): one.committed or 0 for one in lags if one.lag}
    nothing_waits = dict.fromkeys((one.topic, one.partition) for one in lags if not one.lag)
    published = {**nothing_waits, **configured_bus().timestamps(behind)}
    now = time.time()
    return {partition: max(0.0, now - at / 1_000) if at is not None else 0.0 for partition, at in published.items()}


def partitions_of(topic: str) -> int | None:
    """How many partitions a topic has; None when it is not there. Raises `BrokerUnavailable`."""
    return configured_bus().partitions(topic)
