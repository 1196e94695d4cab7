"""Group states: who of a consumer group is alive, what is held, and how far behind it is.

The broker may be away just when an operator wants to hold a group. The lag is unknown then, and everything else is not.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

import structlog
from django.db.models.functions import Now
from msgspec import Struct
from msgspec.structs import asdict

from kit.json.schema import one_of
from outbox.bus.base import PartitionLag
from outbox.consumers.control.decisions import Decisions
from outbox.consumers.health import SILENCE, checks
from outbox.consumers.lag import lag_of
from outbox.exceptions import BrokerUnavailable, Unsupported
from outbox.handling.handlers import ConsumerGroup, registered_groups
from outbox.models import ConsumerAction, ConsumerControl, ProcessHeartbeat
from outbox.signals.heartbeats import consumer_name

log = structlog.get_logger(__name__)

State = Literal["open", "partly_paused", "paused", "drained"]

# Past decisions that are shown with a group.
HISTORY = 20
UNREACHABLE = "The broker does not answer, or does not let us in."


class Control(Struct, frozen=True, kw_only=True):
    """What an operator has decided, and nobody has taken back."""

    verb: Annotated[str, one_of(ConsumerControl.Verb.values)]
    topic: str | None
    """None for all topics."""
    partition: int | None
    """None for all partitions."""
    actor: str
    reason: str
    since: datetime


class PastDecision(Struct, frozen=True, kw_only=True):
    """What an operator has decided or taken back, wherever: in the console, over HTTP or on the command line."""

    verb: Annotated[str, one_of(ConsumerAction.Verb.values)]
    topic: str | None
    """None for all topics."""
    partition: int | None
    """None for all partitions."""
    actor: str
    reason: str
    at: datetime


class GroupState(Struct, frozen=True, kw_only=True):
    """A consumer group as it stands now."""

    name: str
    state: State
    healthy: bool
    """Whether a process of the group is alive and none is stuck."""
    detail: str
    """Why it is healthy or not."""
    members_alive: int
    """Processes that consume for the group and were heard of within ten seconds."""
    lag: int | None
    """Messages that the group has not committed; None when that cannot be known now."""
    lag_unknown: str | None
    """Why the lag cannot be known."""
    controls: list[Control]


class GroupPartitions(GroupState, frozen=True, kw_only=True):
    """A consumer group with the partitions of its topics."""

    partitions: list[PartitionLag] | None
    """None when the lag cannot be known now."""


class GroupDetail(GroupPartitions, frozen=True, kw_only=True):
    """A consumer group with its partitions and what operators have done to it."""

    history: list[PastDecision]
    """The latest first, and only so many."""


def group_states() -> list[GroupState]:
    """All registered groups, as `group_partitions` gives them."""
    fields = GroupState.__struct_fields__
    return [GroupState(**{name: getattr(group, name) for name in fields}) for group in group_partitions()]


def group_partitions() -> list[GroupPartitions]:
    """All registered groups. The broker is given up at its first silence, so that not every group waits for it."""
    return _ask(registered_groups())


def group_detail(group: ConsumerGroup) -> GroupDetail:
    """One group."""
    (found,) = _ask([group])
    return GroupDetail(**asdict(found), history=history_of(group))


def history_of(group: ConsumerGroup) -> list[PastDecision]:
    """What operators have decided about a group lately, and taken back; the latest first."""
    return [
        PastDecision(
            verb=row.verb,
            topic=row.topic or None,
            partition=row.partition,
            actor=row.actor,
            reason=row.reason,
            at=row.at,
        )
        for row in ConsumerAction.objects.filter(consumer=group.name)[:HISTORY]
    ]


def controls_of(group: ConsumerGroup) -> list[Control]:
    """What holds for a group now."""
    return [control_of(row) for row in ConsumerControl.objects.filter(consumer=group.name)]


def control_of(row: ConsumerControl) -> Control:
    """A decision as it is shown."""
    return Control(
        verb=row.verb,
        topic=row.topic or None,
        partition=row.partition,
        actor=row.actor,
        reason=row.reason,
        since=row.since,
    )


def state_of(controls: Iterable[Control]) -> State:
    """What they come to for the whole group."""
    said = list(controls)
    if any(control.verb == ConsumerControl.Verb.DRAIN for control in said):
        return "drained"
    if any(control.topic is None for control in said):
        return "paused"
    return "partly_paused" if said else "open"


def holds(state: GroupState, partition: PartitionLag) -> bool:
    """Whether nothing of the partition is to take effect for now."""
    decided = Decisions(
        drained=state.state == "drained",
        paused=frozenset((control.topic or "", control.partition) for control in state.controls),
    )
    return decided.holds((partition.topic, partition.partition))


def _ask(groups: Sequence[ConsumerGroup]) -> list[GroupPartitions]:
    health = {check.name: check for check in checks()}
    alive = _members_alive()
    controls: dict[str, list[Control]] = defaultdict(list)
    for row in ConsumerControl.objects.all():
        controls[row.consumer].append(control_of(row))
    found = []
    unknown: str | None = None
    for group in groups:
        partitions: list[PartitionLag] | None = None
        if unknown is None:
            try:
                partitions = lag_of(group)
            except Unsupported as error:
                unknown = str(error)
            except BrokerUnavailable as error:
                log.warning("the lag of consumers is not known", group=group.name, error=str(error))
                unknown = UNREACHABLE
        check = health[consumer_name(group.name)]
        found.append(
            GroupPartitions(
                name=group.name,
                state=state_of(controls[group.name]),
                healthy=check.healthy,
                detail=check.detail,
                members_alive=alive[check.name],
                lag=None if partitions is None else sum(one.lag for one in partitions),
                lag_unknown=unknown,
                controls=controls[group.name],
                partitions=partitions,
            )
        )
    return found


def _members_alive() -> Counter[str]:
    heard = ProcessHeartbeat.objects.filter(seen_at__gte=Now() - timedelta(seconds=SILENCE))
    return Counter(heard.values_list("name", flat=True))
