"""Settings of the outbox: its brokers and topics, its relay, its consumers and its dead letters."""

from collections.abc import Mapping
from typing import Annotated, Literal

from django.conf import settings
from msgspec import Meta, Struct

from kit.conf import SharedConf
from kit.settings import Setting, reader

TOPIC_NAME = r"\A[A-Za-z0-9._-]{1,249}\Z"
"""What Kafka takes for the name of a topic."""
RABBITMQ_NAMES = 255 - len("//unnumbered")
"""Bytes that RabbitMQ leaves to the names of a group and of a topic together: it takes 255 for an exchange's."""


class KafkaSecurity(Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Security settings of a Kafka client; what is empty stays librdkafka's default. Its text shows no secret."""

    protocol: Annotated[str, Setting("KAFKA_SECURITY_PROTOCOL")] = "PLAINTEXT"
    """`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`."""
    mechanism: Annotated[str, Setting("KAFKA_SASL_MECHANISM")] = ""
    """`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`, under the `SASL_…` protocols."""
    username: Annotated[str, Setting("KAFKA_SASL_USERNAME")] = ""
    """Who the client is."""
    password: Annotated[str, Setting("KAFKA_SASL_PASSWORD")] = ""
    """What proves it."""
    ca_location: Annotated[str, Setting("KAFKA_SSL_CA_LOCATION")] = ""
    """PEM file of the authorities that may vouch for brokers."""
    certificate_location: Annotated[str, Setting("KAFKA_SSL_CERTIFICATE_LOCATION")] = ""
    """PEM file of the client's own certificate."""
    key_location: Annotated[str, Setting("KAFKA_SSL_KEY_LOCATION")] = ""
    """PEM file of its key."""
    key_password: Annotated[str, Setting("KAFKA_SSL_KEY_PASSWORD")] = ""
    """What its key is locked with."""

    @property
    def is_encrypted(self) -> bool:
        """Whether others on the network see what is sent as ciphertext only."""
        return self.protocol in {"SSL", "SASL_SSL"}

    def __repr__(self) -> str:
        return f"KafkaSecurity({self.protocol}{f', {self.mechanism}' if self.mechanism else ''})"


class TopicException(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the relay retries rows of one topic; what is left out is as usual."""

    max_retries: Annotated[int, Meta(ge=0, le=1_000)] | None = None
    base: Annotated[float, Meta(ge=0, le=3_600)] | None = None
    """Most seconds before the first retry."""
    cap: Annotated[float, Meta(ge=0, le=86_400)] | None = None
    """Most seconds before any retry."""
    dead_row: Literal["holds_its_key", "lets_its_key_go_on"] = "holds_its_key"


class OutboxConf(SharedConf, frozen=True, kw_only=True):
    """The outbox's settings; long-lived objects are given the ones they need when they are built."""

    bus: Annotated[Literal["kafka", "rabbitmq", "memory"], Setting("NOVA_BUS", check="outbox.E007")] = "kafka"
    """Which broker events travel by; `memory` for one process."""
    brokers: Annotated[str, Setting("KAFKA_BROKERS")] = ""
    """`host:port`, comma-separated."""
    kafka_security: KafkaSecurity = KafkaSecurity()
    """How clients of Kafka prove who they are, and know the broker."""
    refuse_plaintext_broker: Annotated[bool, Setting("NOVA_REFUSE_PLAINTEXT_BROKER", in_environment=False)] = False
    """Whether an unencrypted broker is refused: production's settings set it, unless `NOVA_ALLOW_PLAINTEXT_BROKER` is
    given."""
    rabbitmq_url: Annotated[str, Setting("RABBITMQ_URL")] = ""
    """`amqp://user:password@host:port/vhost`, or `amqps://`."""
    rabbitmq_ca_location: Annotated[str, Setting("RABBITMQ_SSL_CA_LOCATION")] = ""
    """PEM file of the authorities that may vouch for the broker."""
    rabbitmq_partitions: Annotated[int, Setting("RABBITMQ_PARTITIONS"), Meta(ge=1, le=64)] = 6
    """Queues of a group per topic; the most members that share its work."""
    message_format: Annotated[Literal["nova", "cloudevents"], Setting("NOVA_MESSAGE_FORMAT", check="outbox.E008")] = (
        "nova"
    )
    """How messages are written; `cloudevents` is the binary mode of CloudEvents. Both are understood."""
    topic_partitions: Annotated[
        Mapping[str, Annotated[int, Meta(ge=1, le=1_000)]],
        Setting("KAFKA_TOPIC_PARTITIONS", check="outbox.E013", must="give each topic 1 to 1000 partitions"),
    ] = {}
    """Partitions by topic, where they differ from the usual number."""
    topic_prefix: Annotated[
        str,
        Setting(
            "KAFKA_TOPIC_PREFIX",
            check="outbox.E002",
            must="be 1 to 100 letters, digits, dots, dashes or underscores",
        ),
        Meta(pattern=r"\A[A-Za-z0-9._-]{1,100}\Z"),
    ] = "nova"
    """What the topics of aggregate types begin with."""
    max_topics: Annotated[int, Setting("NOVA_MAX_TOPICS"), Meta(ge=0, le=10_000)] = 100
    """Most topics of aggregate types that no code names, each with its first event; further ones share the topic
    `${KAFKA_TOPIC_PREFIX}.other.events`."""
    group_id: Annotated[str, Setting("KAFKA_GROUP_ID")] = ""
    """Takes the place of a consumer group's own name at the broker; empty keeps it."""
    topics: Annotated[tuple[str, ...], Setting("KAFKA_TOPICS")] = ()
    """Take the place of a consumer group's own topics; empty keeps them."""
    outbox_body: Annotated[Literal["stored", "referenced"], Setting("NOVA_OUTBOX_BODY", check="outbox.E024")] = "stored"
    """Whether outbox rows have a copy of payload and metadata, as Debezium needs it, or leave them to the log, where
    the relay looks them up. What the log does not keep as JSON is copied in any case."""
    relay_batch: Annotated[int, Setting("NOVA_RELAY_BATCH"), Meta(ge=1, le=50_000)] = 2_000
    """Most rows of one relay pass."""
    relay_max_retries: Annotated[int, Setting("NOVA_RELAY_MAX_RETRIES"), Meta(ge=0, le=1_000)] = 8
    """How often a refused row is tried again before it is dead."""
    relay_exceptions: Annotated[
        Mapping[Annotated[str, Meta(pattern=TOPIC_NAME)], TopicException],
        Setting(
            "NOVA_RELAY_POLICIES",
            check="outbox.E014",
            hint="By topic: max_retries, base, cap (seconds), dead_row (holds_its_key or lets_its_key_go_on).",
        ),
    ] = {}
    """By topic, such as `{"nova.media.events": {"max_retries": 2, "dead_row": "lets_its_key_go_on"}}`."""
    consumer_batch: Annotated[int, Setting("NOVA_CONSUMER_BATCH"), Meta(ge=1, le=10_000)] = 500
    """Most messages of one consumer transaction."""
    consumer_attempts: Annotated[int, Setting("NOVA_CONSUMER_ATTEMPTS"), Meta(ge=1, le=100)] = 3
    """How often a message is handled in vain before it is a dead letter."""
    consumer_threads: Annotated[int, Setting("NOVA_CONSUMER_LANES"), Meta(ge=1, le=64)] = 6
    """Most partitions that one consumer works off beside each other, each in a thread with a database connection of its
    own."""
    consumer_connections: Annotated[int, Setting("NOVA_CONSUMER_CONNECTIONS"), Meta(ge=2, le=1_000)] = 20
    """Most database connections of the consumers of one process together. Each has two in any case; at the bound,
    partitions wait for the threads that there are."""
    consumer_stall: Annotated[int, Setting("NOVA_CONSUMER_STALL"), Meta(ge=1, le=3_600)] = 60
    """Seconds without progress after which a consumer counts as stalled; after twice as many it begins anew, with
    smaller batches for a while. Longer than any handler takes for a batch."""
    blocking_topics: Annotated[tuple[str, ...], Setting("NOVA_BLOCKING_TOPICS")] = ()
    """Topics, or patterns that begin with `^`, on which a dead letter holds back the later messages of its key; on all
    others they go on."""
    retention_days: Annotated[int, Setting("OUTBOX_RETENTION"), Meta(ge=1, le=3_650)] = 7
    """Days that published rows stay to be looked at."""
    inbox_retention_days: Annotated[int, Setting("NOVA_INBOX_RETENTION_DAYS"), Meta(ge=1, le=3_650)] = 14
    """Days that a consumer remembers what it has handled; longer than the broker keeps messages."""
    topic_retention_days: Annotated[int, Setting("NOVA_TOPIC_RETENTION_DAYS")] = 7
    """Days that the broker keeps messages, as it is configured there."""
    named_dead_letter_topic: Annotated[str, Setting("NOVA_DEAD_LETTER_TOPIC")] = "{prefix}.dead-letters"
    """Where dead letters are copied to, with the prefix of all topics; `off` or empty for nowhere."""
    dead_letter_retry_rate: Annotated[float, Setting("NOVA_DEAD_LETTER_RETRY_RATE"), Meta(ge=0.01, le=10_000)] = 50.0
    """Most dead letters that one operation retries in a second, unless it says otherwise."""
    metrics_port: Annotated[int, Setting("NOVA_METRICS_PORT"), Meta(ge=0, le=65_535)] = 0
    """Where relay and workers show their counters to Prometheus; 0 for nowhere. The port is for the inside."""
    metrics_host: Annotated[str, Setting("NOVA_METRICS_HOST")] = "127.0.0.1"
    """The address that they listen on for that; loopback unless somebody says otherwise."""

    @property
    def dead_letter_topic(self) -> str:
        """The topic at the broker; empty for none."""
        named = self.named_dead_letter_topic
        return "" if named == "off" else named.replace("{prefix}", self.topic_prefix)


outbox_conf = reader(OutboxConf)


def topic_setting(name: str) -> str:
    """The name that a topic's own setting gives it; empty where it gives none."""
    return str(getattr(settings, name, ""))
