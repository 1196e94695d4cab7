"""Is the outbox fit to run? Django's system checks say so before anything starts."""

import re
from collections import Counter
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's name
from msgspec import ValidationError

from events.api import MissingCast, casts, registry
from outbox.bus.kafka.security import MECHANISMS, PROTOCOLS, KafkaSecurity
from outbox.conf import outbox_conf
from outbox.handling.handlers import registered_groups
from outbox.messages.topics import topic_name
from outbox.services import registered_services

TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}", re.ASCII)
PREFIX = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)
BROKERS = re.compile(r"[^\s,]+:\d+(,[^\s,]+:\d+)*")

RABBITMQ = re.compile(r"amqps?://[^\s/]+(/\S*)?")
BUSES = ("kafka", "rabbitmq", "memory")
FORMATS = ("nova", "cloudevents")

RANGES = {
    "relay_batch": ("NOVA_RELAY_BATCH", 1, 50_000),
    "relay_max_retries": ("NOVA_RELAY_MAX_RETRIES", 0, 1_000),
    "consumer_batch": ("NOVA_CONSUMER_BATCH", 1, 10_000),
    "consumer_attempts": ("NOVA_CONSUMER_ATTEMPTS", 1, 100),
    "consumer_lanes": ("NOVA_CONSUMER_LANES", 1, 64),
    "consumer_stall": ("NOVA_CONSUMER_STALL", 1, 3_600),
    "retention_days": ("OUTBOX_RETENTION", 1, 3_650),
    "inbox_retention_days": ("NOVA_INBOX_RETENTION_DAYS", 1, 3_650),
    "dead_letter_retry_rate": ("NOVA_DEAD_LETTER_RETRY_RATE", 0.01, 10_000),
    "rabbitmq_partitions": ("RABBITMQ_PARTITIONS", 1, 64),
    "metrics_port": ("NOVA_METRICS_PORT", 0, 65_535),
    "beat_interval": ("NOVA_BEAT_INTERVAL", 1, 5),
}


@register()
def the_bus_can_be_reached_as_it_should_be(**_: Any) -> list[CheckMessage]:
    """Refuse a bus that is none, and one that would be spoken to in a way that it cannot be, or should not be."""
    conf = outbox_conf()
    problems: list[CheckMessage] = []
    if conf.bus not in BUSES:
        problems.append(Error(f"NOVA_BUS must be one of {', '.join(BUSES)}.", id="outbox.E007"))
    if conf.message_format not in FORMATS:
        problems.append(Error(f"NOVA_MESSAGE_FORMAT must be one of {', '.join(FORMATS)}.", id="outbox.E008"))
    if conf.bus == "rabbitmq":
        if not RABBITMQ.fullmatch(conf.rabbitmq_url):
            problems.append(Error("RABBITMQ_URL must be amqp://… or amqps://….", id="outbox.E009"))
        elif conf.refuse_plaintext_broker and not conf.rabbitmq_url.startswith("amqps:"):
            problems.append(_unencrypted("RabbitMQ", "RABBITMQ_URL is amqp://…", "amqps://…"))
    if conf.bus == "kafka":
        problems += _problems_of(conf.kafka_security, refuse_plaintext=conf.refuse_plaintext_broker)
    return problems


def _problems_of(security: KafkaSecurity, *, refuse_plaintext: bool) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    if security.protocol not in PROTOCOLS:
        problems.append(Error(f"KAFKA_SECURITY_PROTOCOL must be one of {', '.join(PROTOCOLS)}.", id="outbox.E010"))
    elif refuse_plaintext and not security.is_encrypted:
        problems.append(_unencrypted("Kafka", f"KAFKA_SECURITY_PROTOCOL is {security.protocol}", "SASL_SSL or SSL"))
    if security.protocol.startswith("SASL_") and not (
        security.mechanism in MECHANISMS and security.username and security.password
    ):
        problems.append(
            Error(
                f"{security.protocol} needs KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM, "
                f"one of {', '.join(MECHANISMS)}.",
                id="outbox.E012",
            )
        )
    return problems


def _unencrypted(broker: str, why: str, better: str) -> CheckMessage:
    return Error(
        f"{broker} would be spoken to unencrypted ({why}).",
        hint=f"Use {better}, or set NOVA_ALLOW_PLAINTEXT_BROKER=1 where the network is yours alone.",
        id="outbox.E011",
    )


@register()
def brokers_and_topics_are_sound(**_: Any) -> list[CheckMessage]:
    """Refuse names that Kafka would refuse."""
    conf = outbox_conf()
    problems: list[CheckMessage] = []
    if conf.bus == "kafka" and not BROKERS.fullmatch(conf.brokers):
        problems.append(Error("KAFKA_BROKERS must be host:port, comma-separated.", id="outbox.E001"))
    if not PREFIX.fullmatch(conf.topic_prefix):
        problems.append(
            Error("KAFKA_TOPIC_PREFIX must be 1 to 100 letters, digits, dots, dashes or underscores.", id="outbox.E002")
        )
    named = {
        topic.setting or f"The topic {topic.name!r}": topic_name(topic, conf)
        for topic in registry.topics()
        if topic.setting or PREFIX.fullmatch(conf.topic_prefix)
    }
    if conf.dead_letter_topic:
        named["NOVA_DEAD_LETTER_TOPIC"] = conf.dead_letter_topic
    problems += [
        Error(
            f"{setting} cannot be the name of a topic.",
            hint="A name has 1 to 249 letters, digits, dots, dashes or underscores.",
            id="outbox.E003" if setting.isupper() else "outbox.E005",
        )
        for setting, name in named.items()
        if not TOPIC.fullmatch(name) or name in {".", ".."}
    ]
    problems += [
        Error(f"KAFKA_TOPIC_PARTITIONS gives {topic} {partitions} partitions; it must be 1 to 1000.", id="outbox.E013")
        for topic, partitions in conf.topic_partitions.items()
        if not 1 <= partitions <= 1_000
    ]
    return problems


@register()
def handlers_get_the_versions_that_they_ask_for(**_: Any) -> list[CheckMessage]:
    """Refuse a handler that wants a type in a version that no downcasters lead to."""
    problems: list[CheckMessage] = []
    for group in registered_groups():
        for handler in group.handlers:
            for event_type, version in handler.versions.items():
                known = registry.named(event_type)
                if known is None:
                    continue
                try:
                    casts.chain(event_type, known.version, version)
                except MissingCast as missing:
                    problems.append(
                        Error(
                            f"Handler {handler.name!r} of {group.name!r} asks for version {version}, but {missing}.",
                            hint="Register a downcaster with events.api.downcaster.",
                            id="outbox.E006",
                        )
                    )
    return problems


@register()
def aggregates_have_one_owner(**_: Any) -> list[CheckMessage]:
    """Refuse services that own the same aggregates, or listen to some that nobody owns."""
    services = registered_services()
    owners = Counter(aggregate_type for service in services for aggregate_type in service.owns)
    problems: list[CheckMessage] = [
        Error(f"Several services own {aggregate_type!r}.", id="outbox.E015")
        for aggregate_type, number in owners.items()
        if number > 1
    ]
    problems += [
        Error(f"{service.name} listens to {aggregate_type!r}, which no other service owns.", id="outbox.E016")
        for service in services
        for aggregate_type in sorted(service.listens)
        if aggregate_type not in owners or aggregate_type in service.owns
    ]
    return problems


@register()
def numbers_are_in_range(**_: Any) -> list[CheckMessage]:
    """Refuse numbers that the outbox cannot work with."""
    conf = outbox_conf()
    return [
        Error(f"{setting} must lie between {least} and {most}.", id="outbox.E004")
        for field, (setting, least, most) in RANGES.items()
        if not least <= getattr(conf, field) <= most
    ]


@register()
def the_inbox_remembers_longer_than_topics_keep(**_: Any) -> list[CheckMessage]:
    """Warn when a message may be delivered again after its mark is gone: it would take effect twice."""
    conf = outbox_conf()
    if conf.inbox_retention_days > conf.topic_retention_days:
        return []
    return [
        Warning(
            f"The inbox forgets after {conf.inbox_retention_days} days what topics keep for "
            f"{conf.topic_retention_days}: a message that comes again after that would take effect twice.",
            hint="Raise NOVA_INBOX_RETENTION_DAYS, or say with NOVA_TOPIC_RETENTION_DAYS what the broker keeps.",
            id="outbox.W001",
        )
    ]


@register()
def policies_of_topics_are_sound(**_: Any) -> list[CheckMessage]:
    """Refuse what the relay would not understand."""
    conf = outbox_conf()
    try:
        policies = conf.relay_policies()
    except ValidationError as error:
        return [
            Error(
                f"NOVA_RELAY_POLICIES: {error}.",
                hint="By topic: max_retries, base, cap (seconds), dead_row (holds_its_key or lets_its_key_go_on).",
                id="outbox.E014",
            )
        ]
    return [
        Error(f"NOVA_RELAY_POLICIES: {topic!r} cannot be the name of a topic.", id="outbox.E014")
        for topic in policies.special
        if not TOPIC.fullmatch(topic)
    ]
