"""Consumers command: an operator sees and steers consumer groups from the command line."""

import getpass
import re
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from kit.arguments import MAX_REASON
from kit.commands import OperatorCommand
from outbox.bus.factory import configured_bus
from outbox.conf import outbox_conf
from outbox.consumers.control.scope import decide, scope_within
from outbox.consumers.control.states import group_partitions
from outbox.consumers.replay import replay
from outbox.consumers.settings import ConsumerSettings
from outbox.exceptions import (
    BrokerUnavailable,
    GroupDrained,
    InvalidRequest,
    OperationFinished,
    OperationNotFound,
    ReplayRefused,
    ReplayStopped,
    UnknownGroup,
    Unsupported,
)
from outbox.handling.handlers import ConsumerGroup, group_named
from outbox.handling.log_replay import replay_events, resume_replay
from outbox.management.consumer_listing import listing_of
from outbox.models import HandlerReplay

LIST = (
    "Show each group with its lag, asked of the broker, whether a consumer runs or not; and what holds it, also while "
    "the broker is away."
)
PAUSE = (
    "Finish the batches in hand and let nothing more take effect: of the group, of one of its topics, or of one "
    "partition. Its members keep their partitions. Holds until `resume`, also over restarts."
)
RESUME = "Take back a pause or a drain; of a group, also those of its topics and partitions."
DRAIN = (
    "Let all members of a group finish what they have in hand, commit, leave the group and stay out of it until "
    "`resume`: nothing consumes while brokers or schemas are worked on."
)
REPLAY = (
    "Give messages of a topic to one group's handlers again, read beside the group: neither its committed offsets nor "
    "other groups notice. Messages that have had their effect are passed over; with --again they are handled all the "
    "same, for handlers that bear that. Conditions are combined; times are those of the messages at the broker. "
    "With --handler, events of the log that happened in that time go to this handler alone, whatever the inbox says, "
    "and without effects on anything but its tables; that can be resumed."
)
OUTCOMES = {
    "pause": "is paused.",
    "resume": "goes on.",
    "drain": "is drained: its members finish, commit and leave.",
}
OFFSETS = re.compile(r"(\d{1,9}):(\d{1,18})-(\d{0,18})", re.ASCII)


Offset = tuple[int, tuple[int, int | None]]
"""A partition, and its first and last offset."""


class Command(OperatorCommand):
    """`manage.py consumers list|pause|resume|drain|replay`."""

    help = "Show and steer consumer groups."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand per verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help=LIST, description=LIST)
        listing.add_argument("--partitions", action="store_true", help="one line per partition, not per topic")
        for verb, explanation in (("pause", PAUSE), ("resume", RESUME), ("drain", DRAIN)):
            subparser = verbs.add_parser(verb, help=explanation, description=explanation)
            subparser.add_argument("group", help="the group's name, as `list` shows it")
            if verb != "drain":
                subparser.add_argument("--topic", default="", help="only this topic")
                subparser.add_argument("--partition", type=int, help="only this partition of the topic")
            subparser.add_argument("--reason", required=True, type=_reason, help="kept with what is decided")

        again = verbs.add_parser("replay", help=REPLAY.partition(":")[0] + ".", description=REPLAY)
        again.add_argument("group", help="the group's name, as `list` shows it")
        source = again.add_mutually_exclusive_group(required=True)
        source.add_argument("--topic", help="the topic to read")
        source.add_argument("--handler", help="give this handler events of the log; needs --from-time and --reason")
        source.add_argument("--resume", type=int, metavar="ID", help="go on with a replay to a handler")
        again.add_argument("--from-time", type=_timestamp, help="not older than this (RFC 3339, with offset)")
        again.add_argument("--to-time", type=_timestamp, help="older than this")
        again.add_argument(
            "--offset",
            action="append",
            type=_offsets,
            metavar="PARTITION:FIRST-LAST",
            help="only these offsets, both included; without LAST to the end; once per partition",
        )
        again.add_argument("--key", action="append", default=[], help="only messages of this key; repeatable")
        again.add_argument("--type", action="append", default=[], help="only events of this type; repeatable")
        again.add_argument("--again", action="store_true", help="also what has had its effect: run the handlers anew")
        again.add_argument("--effects", action="store_true", help="of a handler: with effects beside its tables")
        again.add_argument("--reason", type=_reason, help="of a handler: kept with the replay")

    def handle(self, *, verb: str, **options: Any) -> None:
        """Do what the verb says."""
        if verb == "list":
            color = self.stdout.isatty()
            self.stdout.write(listing_of(group_partitions(), by_partition=options["partitions"], color=color))
            return
        group = self._named(options.pop("group"))
        if verb == "replay":
            if options["topic"]:
                self._replay(group, **options)
            else:
                self._replay_log(group, **options)
            return
        self._decide(verb, group, **options)

    def _decide(
        self, verb: str, group: ConsumerGroup, *, reason: str, topic: str = "", partition: int | None = None, **_: Any
    ) -> None:
        try:
            scope = scope_within(group, topic=topic, partition=partition)
            remaining = decide(verb, scope, actor=getpass.getuser(), reason=reason)
        except (InvalidRequest, GroupDrained) as error:
            raise CommandError(str(error)) from error
        held = "".join(f" It is still held by: {row}." for row in remaining)
        self.stdout.write(f"{scope} {OUTCOMES[verb]}{held}")

    def _replay(self, group: ConsumerGroup, *, topic: str, offset: list[Offset] | None, **options: Any) -> None:
        conf = outbox_conf()
        try:
            messages = configured_bus().history(
                topic,
                from_time=options["from_time"],
                to_time=options["to_time"],
                offsets=dict(offset) if offset else None,
            )
            with closing(messages):
                progress = None
                for progress in replay(
                    group,
                    messages,
                    keys=frozenset(key.encode() for key in options["key"]),
                    event_types=frozenset(options["type"]),
                    again=options["again"],
                    batch=conf.consumer_batch,
                    policy=ConsumerSettings.of(conf, group).policy,
                ):
                    done = f"{progress.chosen} chosen, {progress.handled} handled"
                    self.stdout.write(f"{progress.read} of {progress.total} read, {done}")
        except (BrokerUnavailable, Unsupported) as error:
            raise CommandError(str(error)) from error
        if progress is None:
            self.stdout.write("There is nothing to replay.")
        elif progress.failed:
            raise CommandError("\n".join(("These could not be handled:", *progress.failed)))

    def _replay_log(self, group: ConsumerGroup, *, handler: str | None, resume: int | None, **options: Any) -> None:
        if options["offset"] or options["key"] or options["type"]:
            raise CommandError("--offset, --key and --type are about messages of a topic")
        try:
            for replay in self._replays(group, handler, resume, **options):
                passed = f", {replay.passed_over} left to the broker" if replay.passed_over else ""
                place = f"replay {replay.pk} is at position {replay.position} of {replay.target}"
                self.stdout.write(f"{place}: {replay.done} events handled{passed}")
        except (ReplayRefused, ReplayStopped, OperationNotFound, OperationFinished) as error:
            raise CommandError(str(error)) from error

    def _replays(
        self, group: ConsumerGroup, handler: str | None, resume: int | None, **options: Any
    ) -> Iterator[HandlerReplay]:
        if handler is None:
            replay = HandlerReplay.objects.filter(pk=resume or 0, consumer=group.name).first()
            if replay is None:
                raise CommandError(f"{group.name} has no replay {resume}")
            return resume_replay(replay.pk)
        if options["from_time"] is None or options["reason"] is None:
            raise CommandError("a replay to a handler needs --from-time and --reason")
        return replay_events(
            group.name,
            handler,
            since=options["from_time"],
            until=options["to_time"],
            again=options["again"],
            effects=options["effects"],
            actor=getpass.getuser(),
            reason=options["reason"],
        )

    def _named(self, name: str) -> ConsumerGroup:
        try:
            return group_named(name)
        except UnknownGroup as error:
            raise CommandError(str(error)) from error


def _timestamp(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ArgumentTypeError(f"{text} has no offset; add Z or +00:00")
    return moment


def _offsets(text: str) -> Offset:
    found = OFFSETS.fullmatch(text)
    if found is None:
        raise ArgumentTypeError(f"{text} is not PARTITION:FIRST-LAST, such as 0:100-199 or 0:100-")
    partition, first, last = found.groups()
    return int(partition), (int(first), int(last) if last else None)


def _reason(text: str) -> str:
    if not 1 <= len(text.strip()) <= MAX_REASON:
        raise ArgumentTypeError(f"a reason has 1 to {MAX_REASON} characters")
    return text.strip()
