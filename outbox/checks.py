"""Is the outbox fit to run? Django's system checks say so before anything starts."""

import re
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's name
from msgspec import ValidationError

from events.api import MissingCast, casts, registry
from outbox.conf import outbox_conf
from outbox.handlers import registered_groups

TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}", re.ASCII)
PREFIX = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)
BROKERS = re.compile(r"[^\s,]+:\d+(,[^\s,]+:\d+)*")

RANGES = {
    "relay_batch": ("NOVA_RELAY_BATCH", 1, 50_000),
    "relay_max_retries": ("NOVA_RELAY_MAX_RETRIES", 0, 1_000),
    "consumer_batch": ("NOVA_CONSUMER_BATCH", 1, 10_000),
    "consumer_attempts": ("NOVA_CONSUMER_ATTEMPTS", 1, 100),
    "retention_days": ("NOVA_OUTBOX_RETENTION_DAYS", 1, 3_650),
    "inbox_retention_days": ("NOVA_INBOX_RETENTION_DAYS", 1, 3_650),
    "dead_letter_retry_rate": ("NOVA_DEAD_LETTER_RETRY_RATE", 0.01, 10_000),
    "beat_interval": ("NOVA_BEAT_INTERVAL", 1, 5),
}


@register()
def brokers_and_topics_are_sound(**_: Any) -> list[CheckMessage]:
    """Refuse names that Kafka would refuse."""
    conf = outbox_conf()
    problems: list[CheckMessage] = []
    if not BROKERS.fullmatch(conf.brokers):
        problems.append(Error("KAFKA_BROKERS must be host:port, comma-separated.", id="outbox.E001"))
    if not PREFIX.fullmatch(conf.topic_prefix):
        problems.append(
            Error("KAFKA_TOPIC_PREFIX must be 1 to 100 letters, digits, dots, dashes or underscores.", id="outbox.E002")
        )
    for setting, topic in (
        ("KAFKA_IDENTITY_EVENTS_TOPIC", conf.identity_topic),
        ("KAFKA_MEDIA_EVENTS_TOPIC", conf.media_topic),
        ("KAFKA_MESSAGE_EVENTS_TOPIC", conf.message_topic),
        *([("NOVA_DEAD_LETTER_TOPIC", conf.dead_letter_topic)] if conf.dead_letter_topic else []),
    ):
        if not TOPIC.fullmatch(topic) or topic in {".", ".."}:
            problems.append(Error(f"{setting} cannot be the name of a topic.", id="outbox.E003"))
    problems += [
        Error(f"The topic of {known.name}, {known.topic!r}, cannot be the name of a topic.", id="outbox.E005")
        for known in registry
        if known.topic is not None and (not TOPIC.fullmatch(known.topic) or known.topic in {".", ".."})
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
                id="outbox.E007",
            )
        ]
    return [
        Error(f"NOVA_RELAY_POLICIES: {topic!r} cannot be the name of a topic.", id="outbox.E007")
        for topic in policies.special
        if not TOPIC.fullmatch(topic)
    ]
