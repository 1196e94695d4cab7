"""Topics: where an event's message goes, and how a topic is created."""

import re
from collections.abc import Collection, Mapping
from typing import Literal

from msgspec import Struct

from events.api import Topic, registry
from outbox.bus.base import TopicSpec
from outbox.conf import OutboxConf, topic_setting
from outbox.exceptions import TopicNameTaken
from outbox.services import registered_services

EVERYTHING: Literal["*"] = "*"
"""All event types."""
DEFAULT_PARTITIONS = 6
DEAD_LETTER_PARTITIONS = 3
SHARED = "other"
"""In the name of the topic that aggregate types share, in place of theirs."""


class Route(Struct, frozen=True, kw_only=True):
    """Where the messages of an event type go."""

    event_type: str
    topic: str
    key: str
    """The payload's field by which they keep their order; `aggregate_id` when they keep that of their aggregate."""


class Difference(Struct, frozen=True, kw_only=True):
    """What a topic lacks, or has too much of."""

    topic: str
    wanted: int | None
    """Partitions; None when nothing is routed there."""
    found: int | None
    """Partitions; None when there is no such topic."""

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.topic}: missing, {self.wanted} partitions wanted"
        if self.wanted is None:
            return f"{self.topic}: nothing is routed there"
        return f"{self.topic}: {self.found} partitions, {self.wanted} wanted"


def topic_of(event_type: str, aggregate_type: str, *, conf: OutboxConf) -> str:
    """The topic that the type declares, or the one that its aggregate type would have for itself."""
    return declared_topic(event_type, conf=conf) or own_topic(aggregate_type, conf=conf)


def declared_topic(event_type: str, *, conf: OutboxConf) -> str | None:
    """The topic that the type declares; of a type that no code registers that of its family; None without one."""
    known = registry.named(event_type)
    declared = registry.topic_of_family(_first_word(event_type)) if known is None else known.topic
    return None if declared is None else topic_name(declared, conf)


def own_topic(aggregate_type: str, *, conf: OutboxConf) -> str:
    """The topic of one aggregate type alone."""
    return f"{conf.topic_prefix}.{aggregate_type}.events"


def shared_topic(conf: OutboxConf) -> str:
    """The topic of all aggregate types that no code names and that have none of their own."""
    return own_topic(SHARED, conf=conf)


def is_named_by_code(aggregate_type: str) -> bool:
    """Whether a service owns the aggregate type, or a registered event type without a topic is named for it."""
    return aggregate_type in _named_aggregates()


def choose_topic(name: str, *, taken: Collection[str], conf: OutboxConf) -> str:
    """The topic that an aggregate type is to have which no code names: this one, unless there are too many already.

    `taken` are those that others of its kind have for themselves. Raises `TopicNameTaken` for a name that Kafka cannot
    tell from another one.
    """
    if len(taken) >= conf.max_topics:
        return shared_topic(conf)
    for other in (*taken, *names_in_code(conf)):
        if collide(name, other):
            raise TopicNameTaken(name, other)
    return name


def collide(one: str, other: str) -> bool:
    """Whether Kafka takes one of two topics only: to its metrics, dots and underscores are alike."""
    return one != other and one.replace(".", "_") == other.replace(".", "_")


def names_in_code(conf: OutboxConf) -> tuple[str, ...]:
    """The topics that the code and the settings name, before any event has come."""
    names = [spec.name for spec in known_topics(conf=conf)]
    names += [own_topic(aggregate_type, conf=conf) for aggregate_type in sorted(_named_aggregates())]
    return tuple(dict.fromkeys([*names, shared_topic(conf)]))


def known_topics(*, conf: OutboxConf) -> tuple[TopicSpec, ...]:
    """The topics that are known beforehand; those of other aggregate types come into being with their first event."""
    partitions = {topic_name(topic, conf): topic.partitions for topic in registry.topics()}
    if conf.dead_letter_topic:
        partitions[conf.dead_letter_topic] = DEAD_LETTER_PARTITIONS
    return tuple(
        TopicSpec(name=name, partitions=conf.topic_partitions.get(name, number))
        for name, number in sorted(partitions.items())
    )


def topics_of(event_types: Collection[str] | Literal["*"], *, conf: OutboxConf) -> tuple[str, ...]:
    """The topics on which events of these types come, those of before Nova included; `"*"` stands for all types.

    Names of topics, or patterns that begin with `^`. A type that declares no topic is taken to be named for its
    aggregate; where no code names that either, it may share a topic.
    """
    if event_types != EVERYTHING:
        present = [topic for name in event_types for topic in _possible_topics(name, conf)]
        legacy = [topic for name in event_types if (known := registry.named(name)) for topic in known.legacy_topics]
        return tuple(dict.fromkeys(present + legacy))
    every = rf"^{re.escape(conf.topic_prefix)}\..*\.events$"
    others = [topic_name(topic, conf) for topic in registry.topics()]
    others += [topic for known in registry for topic in known.legacy_topics]
    return (every, *sorted({topic for topic in others if not re.match(every, topic)}))


def routes(*, conf: OutboxConf) -> tuple[Route, ...]:
    """The routing table of the registered event types. One that declares no topic is taken to be named for its
    aggregate, as `order.created` is for `order`.
    """
    return tuple(
        Route(
            event_type=known.name,
            topic=topic_of(known.name, _first_word(known.name), conf=conf),
            key=known.key or "aggregate_id",
        )
        for known in sorted(registry, key=lambda known: known.name)
    )


def differences(existing: Mapping[str, int], *, used: Collection[str], conf: OutboxConf) -> list[Difference]:
    """What the topics at the broker (with their partitions) and the routing table do not agree on.

    `used` are topics that events go to whose types no code names: they, and those of the routing table, are not there
    by mistake.
    """
    routed = {route.topic for route in routes(conf=conf)} | {shared_topic(conf)} | set(used)
    wanted = {spec.name: spec.partitions for spec in known_topics(conf=conf)}
    wanted |= {topic: spec_of(topic, conf=conf).partitions for topic in sorted(routed & existing.keys())}
    ours = {topic for topic in existing if topic.startswith((f"{conf.topic_prefix}.", "nova."))}
    found = [
        Difference(topic=topic, wanted=wanted.get(topic), found=existing.get(topic))
        for topic in sorted(wanted.keys() | (ours - routed))
    ]
    return [one for one in found if one.wanted != one.found]


def spec_of(topic: str, *, conf: OutboxConf) -> TopicSpec:
    """How a topic is created when it is needed."""
    for spec in known_topics(conf=conf):
        if spec.name == topic:
            return spec
    return TopicSpec(name=topic, partitions=conf.topic_partitions.get(topic, DEFAULT_PARTITIONS))


def topic_name(topic: Topic, conf: OutboxConf) -> str:
    """The topic's name at the broker: what its setting says, if it has one, with the prefix of all topics."""
    named = (topic_setting(topic.setting) if topic.setting else "") or topic.name
    return named.replace("{prefix}", conf.topic_prefix)


def _possible_topics(event_type: str, conf: OutboxConf) -> tuple[str, ...]:
    aggregate_type = _first_word(event_type)
    topic = declared_topic(event_type, conf=conf)
    if topic is None and not is_named_by_code(aggregate_type):
        return own_topic(aggregate_type, conf=conf), shared_topic(conf)
    return (topic or own_topic(aggregate_type, conf=conf),)


def _named_aggregates() -> set[str]:
    owned = {aggregate_type for service in registered_services() for aggregate_type in service.owns}
    return owned | {_first_word(known.name) for known in registry if known.topic is None}


def _first_word(event_type: str) -> str:
    return event_type.partition(".")[0]
