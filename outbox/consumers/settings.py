"""Consumer settings: what a member of a consumer group is told about its work."""

from msgspec import Struct

from kit.pacing.retry import RetryPolicy
from outbox.conf import OutboxConf
from outbox.handling.handlers import ConsumerGroup


class ConsumerSettings(Struct, frozen=True, kw_only=True):
    """How a consumer works."""

    group_id: str
    """The group's name at the broker."""
    topics: tuple[str, ...]
    batch: int
    """Most messages of one transaction."""
    policy: RetryPolicy
    """For a message that a handler fails on."""
    threads: int = 6
    """Most partitions that are worked off beside each other."""
    connections: int = 20
    """Most database connections of all consumers of the process."""
    stall: float = 60.0
    """Seconds without progress that count as a stall."""
    blocking: tuple[str, ...] = ()
    """Topics on which a dead letter holds back its key."""
    redis_url: str = ""
    """Where wake-ups come from; empty for none."""

    @classmethod
    def of(cls, conf: OutboxConf, group: ConsumerGroup) -> "ConsumerSettings":
        """From the settings, which may give the group another name and other topics at the broker."""
        return cls(
            group_id=conf.group_id or group.name,
            topics=conf.topics or tuple(group.topics),
            batch=conf.consumer_batch,
            policy=RetryPolicy(limit=conf.consumer_attempts - 1, base=0.1, cap=2.0),
            threads=conf.consumer_threads,
            connections=conf.consumer_connections,
            stall=conf.consumer_stall,
            blocking=conf.blocking_topics,
            redis_url=conf.redis_url,
        )
