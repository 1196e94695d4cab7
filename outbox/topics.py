"""Which topic does an event go to, and how many partitions has it?"""

from collections.abc import Collection, Mapping

from msgspec import Struct

from events.api import registry
from outbox.conf import OutboxConf

CONTENT_TOPIC = "nova.content.events"
DEFAULT_PARTITIONS = 6
SOCIAL_FAMILIES = ("user", "post", "comment")


class TopicSpec(Struct, frozen=True, kw_only=True):
    """A topic as it is created."""

    name: str
    partitions: int


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
    """The topic that the type is registered with; else its family's for Nova's own services; else its aggregate's."""
    known = registry.named(event_type)
    if known is not None and known.topic is not None:
        return known.topic
    return _usual_topic(event_type, aggregate_type, conf)


def known_topics(*, conf: OutboxConf) -> tuple[TopicSpec, ...]:
    """The topics that are known beforehand; those of other aggregate types come into being with their first event."""
    families = dict.fromkeys((conf.identity_topic, conf.media_topic, conf.message_topic), 3) | {CONTENT_TOPIC: 6}
    families |= {f"{conf.topic_prefix}.{family}.events": DEFAULT_PARTITIONS for family in SOCIAL_FAMILIES}
    if conf.dead_letter_topic:
        families[conf.dead_letter_topic] = 3
    families |= {known.topic: DEFAULT_PARTITIONS for known in registry if known.topic and known.topic not in families}
    return tuple(
        TopicSpec(name=name, partitions=conf.topic_partitions.get(name, partitions))
        for name, partitions in sorted(families.items())
    )


def routes(*, conf: OutboxConf) -> tuple[Route, ...]:
    """The routing table of the registered event types. One that is in no family is taken to be named for its aggregate,
    as `order.created` is for `order`.
    """
    return tuple(
        Route(
            event_type=known.name,
            topic=topic_of(known.name, known.name.partition(".")[0], conf=conf),
            key=known.key or "aggregate_id",
        )
        for known in sorted(registry, key=lambda known: known.name)
    )


def differences(existing: Mapping[str, int], *, used: Collection[str], conf: OutboxConf) -> list[Difference]:
    """What the topics at the broker (with their partitions) and the routing table do not agree on.

    `used` are topics that rows of the outbox go to: they, and those of the routing table, are not there by mistake.
    """
    routed = {route.topic for route in routes(conf=conf)} | set(used)
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


def _usual_topic(event_type: str, aggregate_type: str, conf: OutboxConf) -> str:
    match event_type.partition(".")[0]:
        case "content":
            return CONTENT_TOPIC
        case "identity":
            return conf.identity_topic
        case "media":
            return conf.media_topic
        case "message":
            return conf.message_topic
        case family if family in SOCIAL_FAMILIES:
            return f"{conf.topic_prefix}.{family}.events"
        case _:
            return f"{conf.topic_prefix}.{aggregate_type}.events"
