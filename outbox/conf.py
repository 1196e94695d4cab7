"""Which settings does the outbox have?"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from msgspec import Struct

from kit.retry import RetryPolicy
from outbox.bus.kafka.security import KafkaSecurity
from outbox.relay.topic_policies import TopicPolicies


class OutboxConf(Struct, frozen=True, kw_only=True):
    """The outbox's settings; long-lived objects are given the ones they need when they are built."""

    bus: str
    """`NOVA_BUS`: `kafka`, `rabbitmq`, or `memory` for one process."""
    brokers: str
    """`KAFKA_BROKERS`: `host:port`, comma-separated."""
    kafka_security: KafkaSecurity
    """`KAFKA_SECURITY_PROTOCOL`, `KAFKA_SASL_…` and `KAFKA_SSL_…`"""
    refuse_plaintext_broker: bool
    """`NOVA_REFUSE_PLAINTEXT_BROKER`: production's settings set it, unless `NOVA_ALLOW_PLAINTEXT_BROKER` is given."""
    rabbitmq_url: str
    """`RABBITMQ_URL`: `amqp://user:password@host:port/vhost`, or `amqps://`."""
    rabbitmq_ca_location: str
    """`RABBITMQ_SSL_CA_LOCATION`: PEM file of the authorities that may vouch for the broker."""
    rabbitmq_partitions: int
    """`RABBITMQ_PARTITIONS`: queues of a group per topic; the most members that share its work."""
    message_format: str
    """`NOVA_MESSAGE_FORMAT`: `nova`, or `cloudevents` for the binary mode of CloudEvents. Both are understood."""
    topic_partitions: Mapping[str, int]
    """`KAFKA_TOPIC_PARTITIONS`: partitions by topic, where they differ from the usual number."""
    topic_prefix: str
    """`KAFKA_TOPIC_PREFIX`: what the topics of aggregate types begin with."""
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
    relay_exceptions: Any
    """`NOVA_RELAY_POLICIES`: see `outbox.relay.retries.TopicException`, by topic."""
    consumer_batch: int
    """`NOVA_CONSUMER_BATCH`: most messages of one consumer transaction."""
    consumer_attempts: int
    """`NOVA_CONSUMER_ATTEMPTS`: how often a message is handled in vain before it is a dead letter."""
    consumer_lanes: int
    """`NOVA_CONSUMER_LANES`: most partitions that one consumer works off beside each other, each in a thread with a
    database connection of its own."""
    consumer_stall: int
    """`NOVA_CONSUMER_STALL`: seconds without progress after which a consumer counts as stalled; after twice as many it
    begins anew, with smaller batches for a while. Longer than any handler takes for a batch."""
    blocking_topics: tuple[str, ...]
    """`NOVA_BLOCKING_TOPICS`: topics, or patterns that begin with `^`, on which a dead letter holds back the later
    messages of its key; on all others they go on."""
    retention_days: int
    """`OUTBOX_RETENTION`: days that published rows stay to be looked at."""
    inbox_retention_days: int
    """`NOVA_INBOX_RETENTION_DAYS`: how long a consumer remembers what it has handled."""
    topic_retention_days: int
    """`NOVA_TOPIC_RETENTION_DAYS`: days that the broker keeps messages, as it is configured there."""
    dead_letter_topic: str
    """`NOVA_DEAD_LETTER_TOPIC`: where dead letters are copied to; empty for nowhere."""
    dead_letter_retry_rate: float
    """`NOVA_DEAD_LETTER_RETRY_RATE`: most dead letters that one operation retries in a second."""
    beat_interval: int
    """`NOVA_BEAT_INTERVAL`: seconds between two looks at the rows by beat, whatever hints arrive."""
    metrics_port: int
    """`NOVA_METRICS_PORT`: where relay and workers show their counters to Prometheus; 0 for nowhere."""
    metrics_host: str
    """`NOVA_METRICS_HOST`: the address that they listen on for that; loopback unless somebody says otherwise."""

    def relay_policies(self) -> TopicPolicies:
        """What becomes of rows that the broker refuses. Raises `msgspec.ValidationError`, as a system check tells."""
        return TopicPolicies.read(RetryPolicy(limit=self.relay_max_retries), self.relay_exceptions)


@cache
def outbox_conf() -> OutboxConf:
    """The settings, read once: every append looks at them."""
    return OutboxConf(
        bus=getattr(settings, "NOVA_BUS", "kafka"),
        brokers=getattr(settings, "KAFKA_BROKERS", ""),
        kafka_security=KafkaSecurity(
            protocol=getattr(settings, "KAFKA_SECURITY_PROTOCOL", "PLAINTEXT"),
            mechanism=getattr(settings, "KAFKA_SASL_MECHANISM", ""),
            username=getattr(settings, "KAFKA_SASL_USERNAME", ""),
            password=getattr(settings, "KAFKA_SASL_PASSWORD", ""),
            ca_location=getattr(settings, "KAFKA_SSL_CA_LOCATION", ""),
            certificate_location=getattr(settings, "KAFKA_SSL_CERTIFICATE_LOCATION", ""),
            key_location=getattr(settings, "KAFKA_SSL_KEY_LOCATION", ""),
            key_password=getattr(settings, "KAFKA_SSL_KEY_PASSWORD", ""),
        ),
        refuse_plaintext_broker=getattr(settings, "NOVA_REFUSE_PLAINTEXT_BROKER", False),
        rabbitmq_url=getattr(settings, "RABBITMQ_URL", ""),
        rabbitmq_ca_location=getattr(settings, "RABBITMQ_SSL_CA_LOCATION", ""),
        rabbitmq_partitions=getattr(settings, "RABBITMQ_PARTITIONS", 6),
        message_format=getattr(settings, "NOVA_MESSAGE_FORMAT", "nova"),
        topic_partitions=getattr(settings, "KAFKA_TOPIC_PARTITIONS", {}),
        topic_prefix=getattr(settings, "KAFKA_TOPIC_PREFIX", "nova"),
        group_id=getattr(settings, "KAFKA_GROUP_ID", ""),
        topics=tuple(getattr(settings, "KAFKA_TOPICS", ())),
        redis_url=getattr(settings, "REDIS_URL", ""),
        relay_batch=getattr(settings, "NOVA_RELAY_BATCH", 2_000),
        relay_max_retries=getattr(settings, "NOVA_RELAY_MAX_RETRIES", 8),
        relay_exceptions=getattr(settings, "NOVA_RELAY_POLICIES", {}),
        consumer_batch=getattr(settings, "NOVA_CONSUMER_BATCH", 500),
        consumer_attempts=getattr(settings, "NOVA_CONSUMER_ATTEMPTS", 3),
        consumer_lanes=getattr(settings, "NOVA_CONSUMER_LANES", 6),
        consumer_stall=getattr(settings, "NOVA_CONSUMER_STALL", 60),
        blocking_topics=tuple(getattr(settings, "NOVA_BLOCKING_TOPICS", ())),
        retention_days=getattr(settings, "OUTBOX_RETENTION", 7),
        inbox_retention_days=getattr(settings, "NOVA_INBOX_RETENTION_DAYS", 14),
        topic_retention_days=getattr(settings, "NOVA_TOPIC_RETENTION_DAYS", 7),
        dead_letter_topic=getattr(
            settings, "NOVA_DEAD_LETTER_TOPIC", f"{getattr(settings, 'KAFKA_TOPIC_PREFIX', 'nova')}.dead-letters"
        ),
        dead_letter_retry_rate=getattr(settings, "NOVA_DEAD_LETTER_RETRY_RATE", 50.0),
        beat_interval=getattr(settings, "NOVA_BEAT_INTERVAL", 4),
        metrics_port=getattr(settings, "NOVA_METRICS_PORT", 0),
        metrics_host=getattr(settings, "NOVA_METRICS_HOST", "127.0.0.1"),
    )


def topic_setting(name: str) -> str:
    """The name that a topic's own setting gives it; empty where it gives none."""
    return str(getattr(settings, name, ""))


def _forget(**_: Any) -> None:
    outbox_conf.cache_clear()


# Sent by tests that override settings, never in production.
setting_changed.connect(_forget)
