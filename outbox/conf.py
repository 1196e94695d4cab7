"""Which settings does the outbox have?"""

from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from msgspec import Struct


class OutboxConf(Struct, frozen=True, kw_only=True):
    """The outbox's settings; long-lived objects are given the ones they need when they are built."""

    brokers: str
    """`KAFKA_BROKERS`: `host:port`, comma-separated."""
    topic_prefix: str
    """`KAFKA_TOPIC_PREFIX`: what the topics of aggregate types begin with."""
    identity_topic: str
    """`KAFKA_IDENTITY_EVENTS_TOPIC`"""
    media_topic: str
    """`KAFKA_MEDIA_EVENTS_TOPIC`"""
    message_topic: str
    """`KAFKA_MESSAGE_EVENTS_TOPIC`"""
    group_id: str
    """`KAFKA_GROUP_ID`: takes the place of a consumer group's own name at the broker; empty keeps it."""
    topics: tuple[str, ...]
    """`KAFKA_TOPICS`: take the place of a consumer group's own topics; empty keeps them."""
    redis_url: str
    """`REDIS_URL`: where the hints travel."""
    relay_batch: int
    """`NOVA_RELAY_BATCH`: most rows of one relay pass."""
    relay_max_retries: int
    """`NOVA_RELAY_MAX_RETRIES`: how often a refused row is tried again before it is dead."""
    consumer_batch: int
    """`NOVA_CONSUMER_BATCH`: most messages of one consumer transaction."""
    consumer_attempts: int
    """`NOVA_CONSUMER_ATTEMPTS`: how often a message is handled in vain before it is a dead letter."""
    consumer_lanes: int
    """`NOVA_CONSUMER_LANES`: most partitions that one consumer works off beside each other, each in a thread with a
    database connection of its own."""
    consumer_stall: int
    """`NOVA_CONSUMER_STALL`: seconds without progress after which a consumer counts as stalled; after twice as many it
    is started again. Longer than any handler takes for a batch."""
    blocking_topics: tuple[str, ...]
    """`NOVA_BLOCKING_TOPICS`: topics, or patterns that begin with `^`, on which a dead letter holds back the later
    messages of its key; on all others they go on."""
    retention_days: int
    """`NOVA_OUTBOX_RETENTION_DAYS`: how long published rows stay to be looked at."""
    beat_interval: int
    """`NOVA_BEAT_INTERVAL`: seconds between two looks at the rows by beat, whatever hints arrive."""


@cache
def outbox_conf() -> OutboxConf:
    """The settings, read once: every append looks at them."""
    return OutboxConf(
        brokers=getattr(settings, "KAFKA_BROKERS", ""),
        topic_prefix=getattr(settings, "KAFKA_TOPIC_PREFIX", "nova"),
        identity_topic=getattr(settings, "KAFKA_IDENTITY_EVENTS_TOPIC", "nova.identity.events"),
        media_topic=getattr(settings, "KAFKA_MEDIA_EVENTS_TOPIC", "nova.media.events"),
        message_topic=getattr(settings, "KAFKA_MESSAGE_EVENTS_TOPIC", "nova.message.events"),
        group_id=getattr(settings, "KAFKA_GROUP_ID", ""),
        topics=tuple(getattr(settings, "KAFKA_TOPICS", ())),
        redis_url=getattr(settings, "REDIS_URL", ""),
        relay_batch=getattr(settings, "NOVA_RELAY_BATCH", 2_000),
        relay_max_retries=getattr(settings, "NOVA_RELAY_MAX_RETRIES", 8),
        consumer_batch=getattr(settings, "NOVA_CONSUMER_BATCH", 500),
        consumer_attempts=getattr(settings, "NOVA_CONSUMER_ATTEMPTS", 3),
        consumer_lanes=getattr(settings, "NOVA_CONSUMER_LANES", 6),
        consumer_stall=getattr(settings, "NOVA_CONSUMER_STALL", 60),
        blocking_topics=tuple(getattr(settings, "NOVA_BLOCKING_TOPICS", ())),
        retention_days=getattr(settings, "NOVA_OUTBOX_RETENTION_DAYS", 7),
        beat_interval=getattr(settings, "NOVA_BEAT_INTERVAL", 4),
    )


def _forget(**_: Any) -> None:
    outbox_conf.cache_clear()


# Sent by tests that override settings, never in production.
setting_changed.connect(_forget)
