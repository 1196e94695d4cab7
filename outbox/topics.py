"""Which topic does an event go to, and how many partitions has it?"""

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
    families |= {known.topic: DEFAULT_PARTITIONS for known in registry if known.topic and known.topic not in families}
    return tuple(TopicSpec(name=name, partitions=partitions) for name, partitions in sorted(families.items()))


def spec_of(topic: str, *, conf: OutboxConf) -> TopicSpec:
    """How a topic is created when it is needed."""
    for spec in known_topics(conf=conf):
        if spec.name == topic:
            return spec
    return TopicSpec(name=topic, partitions=DEFAULT_PARTITIONS)


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
