"""System checks of the outbox: what it cannot run with is refused before anything starts."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name
from django.db.utils import ProgrammingError

from events.api import MissingCast, casts, registry
from kit.conf import SharedConf
from kit.server_urls import ENCODE, KAFKA_BROKERS, RABBITMQ_URL
from kit.settings import settings_check, sound
from outbox.bus.kafka.security import MECHANISMS, PROTOCOLS
from outbox.conf import RABBITMQ_NAMES, TOPIC_NAME, KafkaSecurity, OutboxConf
from outbox.handling.database_identity import is_restored
from outbox.handling.handlers import registered_groups
from outbox.messages.topics import collide, names_in_code, topic_name
from outbox.services import registered_services

settings_are_sound = settings_check(SharedConf, OutboxConf, check="outbox.E004")


@register()
def the_bus_can_be_reached_as_it_should_be(**_: Any) -> list[CheckMessage]:
    """Refuse a bus that would be spoken to in a way that it cannot be, or should not be."""
    conf = sound(OutboxConf)
    problems: list[CheckMessage] = []
    if conf.bus == "rabbitmq":
        if not re.search(RABBITMQ_URL, conf.rabbitmq_url):
            hint = f"Such as amqps://user:password@host:5671/vhost; {ENCODE}."
            problems.append(Error("RABBITMQ_URL must be amqp://… or amqps://….", hint=hint, id="outbox.E009"))
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


@register(deploy=True)
def several_processes_share_the_bus(**_: Any) -> list[CheckMessage]:
    """Refuse a bus that lives in one process where several are deployed: what one publishes, no other would see."""
    if sound(OutboxConf).bus != "memory":
        return []
    return [
        Error(
            "NOVA_BUS is memory: what a process publishes is lost with it, and no other one sees it.",
            hint="Set it to kafka or rabbitmq. memory is for tests, and for a look at Nova in one process.",
            id="outbox.E023",
        )
    ]


@register()
def brokers_and_topics_are_sound(**_: Any) -> list[CheckMessage]:
    """Refuse names that Kafka would refuse."""
    conf = sound(OutboxConf)
    problems: list[CheckMessage] = []
    if conf.bus == "kafka" and not re.search(KAFKA_BROKERS, conf.brokers):
        problems.append(Error("KAFKA_BROKERS must be host:port, comma-separated.", id="outbox.E001"))
    named = {topic.setting or f"The topic {topic.name!r}": topic_name(topic, conf) for topic in registry.topics()}
    if conf.dead_letter_topic:
        named["NOVA_DEAD_LETTER_TOPIC"] = conf.dead_letter_topic
    problems += [
        Error(
            f"{setting} cannot be the name of a topic.",
            hint="A name has 1 to 249 letters, digits, dots, dashes or underscores.",
            id="outbox.E003" if setting.isupper() else "outbox.E005",
        )
        for setting, name in named.items()
        if not re.match(TOPIC_NAME, name) or name in {".", ".."}
    ]
    return problems


@register()
def topics_can_be_told_apart(**_: Any) -> list[CheckMessage]:
    """Refuse topics of which Kafka would take one only, and would refuse the messages of the others."""
    return [
        Error(
            f"The topics {one!r} and {other!r} are alike to Kafka, which takes one of them only.",
            hint="Dots and underscores count as the same in the name of a topic: give one of them another name.",
            id="outbox.E021",
        )
        for one, other in combinations(names_in_code(sound(OutboxConf)), 2)
        if collide(one, other)
    ]


@register()
def names_fit_rabbitmq(**_: Any) -> list[CheckMessage]:
    """Refuse groups and topics whose exchanges and queues RabbitMQ could not name."""
    conf = sound(OutboxConf)
    if conf.bus != "rabbitmq":
        return []
    return [
        Error(
            f"The group {group.name!r} and the topic {topic!r} have names too long for RabbitMQ.",
            hint=f"Together they may have {RABBITMQ_NAMES} bytes.",
            id="outbox.E022",
        )
        for group in registered_groups()
        for topic in conf.topics or group.topics
        if len(f"{conf.group_id or group.name}{topic}".encode()) > RABBITMQ_NAMES
    ]


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
def the_inbox_remembers_longer_than_topics_keep(**_: Any) -> list[CheckMessage]:
    """Warn when a message may be delivered again after its mark is gone: it would take effect twice."""
    conf = sound(OutboxConf)
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


@register(Tags.database)
def the_database_is_no_restored_copy(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Warn of a database that was restored from a dump, beside a broker that may know more: its consumers stay out.

    As every check that asks the database, it runs with `migrate` and with `check --database default`.
    """
    try:
        if "default" not in (databases or ()) or not is_restored():
            return []
    except ProgrammingError:  # not migrated yet
        return []
    return [
        Warning(
            "The database was restored from a dump, and the broker may know more than it.",
            hint="Run manage.py after_restore; until then, consumers stay out of their groups.",
            id="outbox.W002",
        )
    ]
