"""Topic: where the messages of an event type go. Data on the type; whoever publishes interprets it."""

from msgspec import Struct

PARTITIONS = 6


class Topic(Struct, frozen=True, kw_only=True):
    """A topic as event types declare it."""

    name: str
    """Its name at the broker; `{prefix}` in it stands for `KAFKA_TOPIC_PREFIX`."""
    partitions: int = PARTITIONS
    """How many partitions it is created with."""
    setting: str = ""
    """The Django setting that gives it another name, if one does."""
    families: tuple[str, ...] = ()
    """First words of event types that no code registers and that go here too: `post` for `post.anything`."""
