"""Reconciliation: what a restored database lacks of what the broker has seen, and how the two are brought together.

Where the broker keeps offsets, each group goes back to where the database knows of its effects, and reads on from
there: its inbox passes over what it has. What the topics have lost meanwhile, and all of it where a broker keeps
nothing, is published again from the outbox.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing

from msgspec import Struct

from outbox.bus.base import Bus
from outbox.consumers.lag import names_at_broker
from outbox.consumers.set_back import PartitionAhead, gap, partitions_ahead
from outbox.exceptions import Unsupported
from outbox.handling.database_identity import confirm_identity, is_restored
from outbox.handling.handlers import ConsumerGroup, registered_groups
from outbox.handling.positions import record, recorded_positions
from outbox.restoring.lost_events import LostEvent, Search, Starts, pass_over, search
from outbox.restoring.publish_again import publish_again, unhandled_rows


class GroupFinding(Struct, frozen=True, kw_only=True):
    """What was found about one group."""

    name: str
    ahead: Sequence[PartitionAhead]
    """The partitions of which the broker has more as done than the database."""
    gone: int
    """Messages among these that the broker does not keep any more, at most."""
    rows: Sequence[int]
    """Outbox rows that are to be published again for it."""


class Findings(Struct, frozen=True, kw_only=True):
    """What a restored database lacks of what the broker has seen."""

    restored: bool
    """Whether the database is the copy of one that was dumped."""
    keeps_offsets: bool
    """Whether the broker could be asked for offsets and old messages."""
    groups: Sequence[GroupFinding]
    """Those for which something is to be done."""
    lost: Sequence[LostEvent]
    """Events that only messages tell of which some group has still to read."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.restored or self.groups or self.lost)


class Mended(Struct, frozen=True, kw_only=True):
    """What was done."""

    set_back: int
    """Partitions of groups."""
    passed_over: int
    """Lost events, once for each group that would have handled them."""
    published_again: int
    """Outbox rows."""


def look(bus: Bus, *, trusted: Collection[str] = (), progress: Callable[[Search], object]) -> Findings:
    """Compare broker and database, and change nothing. Raises `BrokerUnavailable`.

    `trusted` are groups that were moved ahead on purpose, of which the broker's word counts.
    """
    groups = [group for group in registered_groups() if group.name not in trusted]
    try:
        found = [_look_at(group, bus) for group in groups]
        starts = _starts(groups, bus)
        lost = [one for part in _progress(search(bus, starts), progress) for one in part.found]
    except Unsupported:
        found = [
            GroupFinding(name=group.name, ahead=(), gone=0, rows=unhandled_rows(group, names_at_broker(group)[1]))
            for group in groups
        ]
        return _findings(found, (), keeps_offsets=False)
    return _findings(found, lost, keeps_offsets=True)


def mend(findings: Findings, bus: Bus, *, passing_over: bool, trusted: Collection[str] = ()) -> Mended:
    """Bring broker and database together; may be repeated at any time. Raises `GroupInUse` and `BrokerUnavailable`.

    With `passing_over`, lost events have no effect; otherwise they are handled as if the log had them.
    """
    by_name = {group.name: group for group in registered_groups()}
    passed_over = 0
    if passing_over:
        passed_over = sum(pass_over(group, names_at_broker(group)[1], findings.lost) for group in by_name.values())
    rows = sorted({row for found in findings.groups for row in found.rows})
    published_again = publish_again(rows)
    set_back = 0
    for found in findings.groups:
        if found.ahead:
            group_id, _ = names_at_broker(by_name[found.name])
            bus.go_on_at(group_id, {(one.topic, one.partition): one.recorded for one in found.ahead})
            set_back += len(found.ahead)
    for name in trusted:
        record(name, bus.places(*names_at_broker(by_name[name])))
    confirm_identity()
    return Mended(set_back=set_back, passed_over=passed_over, published_again=published_again)


def _findings(found: Sequence[GroupFinding], lost: Sequence[LostEvent], *, keeps_offsets: bool) -> Findings:
    return Findings(
        restored=is_restored(),
        keeps_offsets=keeps_offsets,
        groups=[one for one in found if one.ahead or one.rows],
        lost=lost,
    )


def _look_at(group: ConsumerGroup, bus: Bus) -> GroupFinding:
    group_id, topics = names_at_broker(group)
    ahead = partitions_ahead(group.name, bus, group_id=group_id, topics=topics, adopting=False)
    gone = {topic: _gone(topic, parts, bus) for topic, parts in _by_topic(ahead).items()}
    short = [topic for topic, number in gone.items() if number]
    return GroupFinding(
        name=group.name,
        ahead=ahead,
        gone=sum(gone.values()),
        rows=unhandled_rows(group, short) if short else (),
    )


def _by_topic(ahead: Sequence[PartitionAhead]) -> dict[str, list[PartitionAhead]]:
    topics: dict[str, list[PartitionAhead]] = defaultdict(list)
    for one in ahead:
        topics[one.topic].append(one)
    return topics


def _gone(topic: str, ahead: Sequence[PartitionAhead], bus: Bus) -> int:
    offsets = {one.partition: (one.recorded, one.committed - 1) for one in ahead}
    with closing(bus.history(topic, offsets=offsets)) as kept:
        return gap(ahead) - kept.length


def _starts(groups: Sequence[ConsumerGroup], bus: Bus) -> Starts:
    """Where the first of the groups will go on in each partition."""
    starts: dict[str, dict[int, int]] = defaultdict(dict)
    for group in groups:
        recorded = recorded_positions(group.name)
        for one in bus.lag(*names_at_broker(group)):
            known = recorded.get((one.topic, one.partition))
            start = min(known.offset if known else 0, one.committed or 0)
            starts[one.topic][one.partition] = min(start, starts[one.topic].get(one.partition, start))
    return starts


def _progress(parts: Iterator[Search], tell: Callable[[Search], object]) -> Iterator[Search]:
    for part in parts:
        tell(part)
        yield part
