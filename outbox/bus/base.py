"""Bus: what Nova asks of a message broker. Every adapter gives it and passes one contract suite.

Above 200 lines, because the whole of the interface is to be seen in one place.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from msgspec import Struct

from outbox.exceptions import BrokerUnavailable, MessageRefused

# A message above this would be refused by Kafka's defaults; every adapter refuses it. Bytes.
MAX_MESSAGE_BYTES = 1_000_000

Partition = tuple[str, int]
"""Topic and number."""

Location = tuple[int, int]
"""Where a message lies in its topic: partition and offset."""

Offsets = Mapping[int, tuple[int, int | None]]
"""By partition, the first and the last offset that are wanted; without a last one, all that are there."""


class Failure(Enum):
    """Why the broker does not have a message."""

    OUTAGE = "outage"
    """The broker could not be reached or did not answer in time; says nothing about the message."""
    REFUSED = "refused"
    """The broker refused it and may take it later."""
    PERMANENT = "permanent"
    """It will never be taken as it is."""
    BLOCKED = "held"
    """It was not tried, because one before it failed."""


class TopicSpec(Struct, frozen=True, kw_only=True):
    """A topic as it is created."""

    name: str
    partitions: int


class OutgoingMessage(Struct, frozen=True, kw_only=True, gc=False):
    """A message to publish."""

    topic: str
    key: bytes
    """Messages of one key keep their order."""
    body: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class IncomingMessage(Struct, frozen=True, kw_only=True, gc=False):
    """A message as it was received; it may be of anybody's making."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    body: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int | None
    """Milliseconds since 1970 (UTC), as somebody has said; it need not be a time that there can be."""
    topic_id: str = ""
    """Which of the topics that have borne the name, where the broker tells: one made anew has another id."""
    unreadable: str | None = None
    """Why the headers could not be read; they are empty then, and no handler can be given the message."""


class DeliveryFailure(Struct, frozen=True, kw_only=True):
    """Why a message was not delivered, as far as is known: after an outage it may have been."""

    failure: Failure
    reason: str


class PartitionLag(Struct, frozen=True, kw_only=True):
    """One partition, as a group sees it."""

    topic: str
    partition: int
    committed: int | None
    """Where the group goes on; None when it has never committed, and begins at the earliest."""
    end: int
    """The offset after the last one that a group may read: what is in an open transaction is not there yet."""
    lag: int
    """Messages that the group has not committed. Where topics are compacted, at most so many."""


class GroupPlace(Struct, frozen=True, kw_only=True):
    """Where a group goes on in a partition."""

    topic: str
    partition: int
    topic_id: str
    """Which of the topics that have borne the name; empty where the broker gives topics no id."""
    offset: int
    """The next one that the group reads."""


class History(Protocol):
    """What a topic keeps between two places, as it is when it is opened. Used by one thread, closed at the end."""

    @property
    def length(self) -> int:
        """How many messages there are at most."""
        ...

    def batches(self, limit: int) -> Iterator[list[IncomingMessage]]:
        """All messages, each partition in its order. Raises `BrokerUnavailable` when the broker falls silent."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Subscription(Protocol):
    """One member of a consumer group. Used by one thread."""

    before_handover: Callable[[Collection[Partition]], None]
    """Called inside `poll` and `close` with partitions that are about to go to somebody else, or are gone already: the
    last moment to finish what is in hand of them and to `commit` it. Does nothing unless it is set."""
    before_commit: Callable[[Sequence[GroupPlace]], bool]
    """Asked, by brokers that keep offsets, before the broker is told where the group goes on; False keeps it from being
    told. Says yes unless it is set."""

    def poll(self, *, limit: int, timeout: float) -> list[IncomingMessage]:
        """The next messages, in order per partition: at once what is there, else within `timeout` seconds.

        Everything that earlier polls have returned counts as worked off or as not worked off by what was committed,
        so a member that loses a partition here hands it over exactly at its last commit.

        Raises `SubscriptionClosed` once the member has left its group.
        """
        ...

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """Remember where the group goes on: the next offset per partition. Partitions lost by now are passed over."""
        ...

    def pause(self, partitions: Collection[Partition]) -> None:
        """Let polls return nothing of these until `resume`; a partition that is lost or not assigned is passed over."""
        ...

    def resume(self, partitions: Collection[Partition]) -> None:
        """Go on with these where the polls have stopped."""
        ...

    def lag(self) -> Mapping[Partition, int]:
        """How many messages of each assigned partition are not committed yet, as far as is known."""
        ...

    def close(self) -> None:
        """Make the commits safe and leave the group, so that others have its partitions; nothing when it has left.

        From here on, polls are an error, and all else passes over partitions that are no longer its own.
        """
        ...


class Bus(Protocol):
    """A message broker. Adapters derive from it, for what it does by itself."""

    name: str
    """What `NOVA_BUS` calls it."""

    def ping(self, *, timeout: float) -> None:
        """Hear from the broker within so many seconds.

        Raises `BrokerUnavailable`, and `Unsupported` where there is no server that could be away.
        """
        ...

    def ensure_topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, DeliveryFailure]:
        """Create what does not exist; the failures by topic."""
        ...

    def ensure_group(self, group: str, topics: Sequence[str]) -> None:
        """Make what a consumer group needs so that nothing is lost on it which is published before it subscribes.

        Raises `BrokerUnavailable`.
        """
        ...

    def topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, int]:
        """The topics that there are, with their partitions: all, or of those asked for where the broker lists none.

        Raises `BrokerUnavailable`.
        """
        ...

    def partitions(self, topic: str) -> int | None:
        """How many partitions a topic has; None when it is not there. Raises `BrokerUnavailable`."""
        ...

    def warm_up(self, specs: Sequence[TopicSpec]) -> None:
        """Connect and learn the topics, so that the first message need not wait; a broker that is away is no error."""
        ...

    def publish_batch(
        self, messages: Sequence[OutgoingMessage], *, locations: dict[int, Location] | None = None
    ) -> list[DeliveryFailure | None]:
        """Publish, wait for every delivery, and say for each message why it failed, or None.

        When a message fails, no later one of its topic and key is delivered by this call. Who wants to know where the
        delivered ones lie gives `locations`, which is filled by their index in `messages`; it stays empty where the
        broker numbers no messages.
        """
        ...

    def publish(self, message: OutgoingMessage) -> None:
        """Publish one message, and wait for its delivery.

        Raises `MessageRefused` when the broker has not taken it, and `BrokerUnavailable` when it could not be asked or
        did not answer in time, and may have it or not.
        """
        (result,) = self.publish_batch([message])
        if result is None:
            return
        if result.failure in {Failure.REFUSED, Failure.PERMANENT}:
            raise MessageRefused(result.reason, is_permanent=result.failure is Failure.PERMANENT)
        raise BrokerUnavailable(result.reason)

    def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        """Join a consumer group. A topic that begins with `^` is a pattern. A new group starts at the earliest."""
        ...

    def unsubscribe(self, member: Subscription) -> None:
        """Leave a consumer group: what the member has committed is safe, and it can be polled no more."""
        member.close()

    def lag(self, group: str, topics: Sequence[str]) -> list[PartitionLag]:
        """How far a group is behind on each partition of its topics, whether it has members or not.

        Raises `BrokerUnavailable`, and `Unsupported` where the broker keeps no offsets.
        """
        ...

    def timestamps(self, offsets: Mapping[Partition, int]) -> Mapping[Partition, int | None]:
        """Of each partition, the timestamp (see `IncomingMessage`) of the first message at this offset or behind it.

        It is None where there is no such message yet. What has no timestamp, or is not told in time, is left out, so
        that a broker that is away leaves out everything. Raises `Unsupported` where the broker keeps no offsets.
        """
        ...

    def places(self, group: str, topics: Sequence[str]) -> list[GroupPlace]:
        """Where a group goes on, for each partition of its topics that it has committed.

        Raises `BrokerUnavailable`, and `Unsupported` where the broker keeps no offsets.
        """
        ...

    def go_on_at(self, group: str, offsets: Mapping[Partition, int]) -> None:
        """Let a group without members go on at these offsets, be it back or ahead.

        Raises `GroupInUse` while it has members, `BrokerUnavailable`, and `Unsupported` where the broker keeps no
        offsets.
        """
        ...

    def history(
        self,
        topic: str,
        *,
        from_time: datetime | None = None,
        to_time: datetime | None = None,
        offsets: Offsets | None = None,
    ) -> History:
        """What the topic keeps of these times, those of the messages at the broker, and of these offsets.

        It is read beside all groups, which do not notice. Raises `BrokerUnavailable`, also for a topic that is not
        there, and `Unsupported` where the broker keeps no past.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
