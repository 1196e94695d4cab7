"""Consumer listing: the table of consumer groups with their lag and what holds them, as `consumers list` prints it."""

from collections import defaultdict
from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from outbox.bus.base import PartitionLag
from outbox.consumers.control.states import Control, GroupPartitions, holds

WIDTH = 160
STATES = {
    "open": "[green]open[/]",
    "partly_paused": "[yellow]partly paused[/]",
    "paused": "[yellow]paused[/]",
    "drained": "[yellow]drained[/]",
}


def listing_of(groups: Sequence[GroupPartitions], *, by_partition: bool, color: bool) -> str:
    """The table, one line per topic or partition; below it, what operators have decided and why no lag is known."""
    table = Table("group", "topic", "lag (events)", "committed", "end", "state", "members", box=None)
    for group in groups:
        members = f"[{'green' if group.healthy else 'red'}]{escape(group.detail)}[/]"
        for name, lag, committed, end, state in _lines(group, by_partition=by_partition):
            table.add_row(group.name, escape(name), lag, committed, end, state, members)
    text = StringIO()
    Console(file=text, width=WIDTH, force_terminal=color).print(table)
    decided = [f"{group.name}: {_describe(control)}" for group in groups for control in group.controls]
    unknown = dict.fromkeys(group.lag_unknown for group in groups if group.lag_unknown)
    return "\n".join(
        [text.getvalue().removesuffix("\n"), *decided, *(f"The lag is not known. {why}" for why in unknown)]
    )


def _lines(group: GroupPartitions, *, by_partition: bool) -> list[tuple[str, str, str, str, str]]:
    """One line per topic or partition; one of the group where none are known."""
    if not group.partitions:
        return [("-", "-" if group.lag is None else str(group.lag), "-", "-", STATES[group.state])]
    if by_partition:
        return [
            (
                f"{one.topic}[{one.partition}]",
                str(one.lag),
                "-" if one.committed is None else str(one.committed),
                str(one.end),
                _state(group, [one]),
            )
            for one in group.partitions
        ]
    topics: dict[str, list[PartitionLag]] = defaultdict(list)
    for one in group.partitions:
        topics[one.topic].append(one)
    return [
        (
            topic,
            str(sum(one.lag for one in parts)),
            str(sum(one.committed or 0 for one in parts)),
            str(sum(one.end for one in parts)),
            _state(group, parts),
        )
        for topic, parts in topics.items()
    ]


def _state(group: GroupPartitions, parts: list[PartitionLag]) -> str:
    if group.state == "drained":
        return STATES["drained"]
    held = [one.partition for one in parts if holds(group, one)]
    if not held:
        return STATES["open"]
    return STATES["paused"] if len(held) == len(parts) else f"[yellow]paused: {', '.join(map(str, held))}[/]"


def _describe(control: Control) -> str:
    part = "" if control.topic is None else f" of {control.topic}"
    part += "" if control.partition is None else f"[{control.partition}]"
    return f"{control.verb}{part} since {control.since:%Y-%m-%d %H:%M:%S} UTC by {control.actor}: {control.reason}"
