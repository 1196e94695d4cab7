"""Is the outbox fit to run? Django's system checks say so before anything starts."""

import re
from collections import Counter
from typing import Any

from django.core.checks import CheckMessage, Error, register

from events.api import MissingCast, casts, registry
from outbox.conf import outbox_conf
from outbox.handlers import registered_groups
from outbox.services import registered_services

TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}", re.ASCII)
PREFIX = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)
BROKERS = re.compile(r"[^\s,]+:\d+(,[^\s,]+:\d+)*")

RANGES = {
    "relay_batch": ("NOVA_RELAY_BATCH", 1, 50_000),
    "relay_max_retries": ("NOVA_RELAY_MAX_RETRIES", 0, 1_000),
    "consumer_batch": ("NOVA_CONSUMER_BATCH", 1, 10_000),
    "consumer_attempts": ("NOVA_CONSUMER_ATTEMPTS", 1, 100),
    "consumer_lanes": ("NOVA_CONSUMER_LANES", 1, 64),
    "consumer_stall": ("NOVA_CONSUMER_STALL", 1, 3_600),
    "retention_days": ("NOVA_OUTBOX_RETENTION_DAYS", 1, 3_650),
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
def aggregates_have_one_owner(**_: Any) -> list[CheckMessage]:
    """Refuse services that own the same aggregates, or listen to some that nobody owns."""
    services = registered_services()
    owners = Counter(aggregate_type for service in services for aggregate_type in service.owns)
    problems: list[CheckMessage] = [
        Error(f"Several services own {aggregate_type!r}.", id="outbox.E007")
        for aggregate_type, number in owners.items()
        if number > 1
    ]
    problems += [
        Error(f"{service.name} listens to {aggregate_type!r}, which no other service owns.", id="outbox.E008")
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
