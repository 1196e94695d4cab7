"""After-restore command: brings a restored database and a broker that knows more than it together again."""

from argparse import ArgumentParser
from typing import Any

import msgspec
from django.core.management.base import CommandError

from kit.commands import OperatorCommand
from outbox.bus.factory import configured_bus
from outbox.consumers.set_back import gap
from outbox.exceptions import BrokerUnavailable, GroupInUse, UnknownGroup, Unsupported
from outbox.handling.handlers import group_named
from outbox.restoring.lost_events import Search
from outbox.restoring.reconciliation import Findings, Mended, look, mend

LOST = "pass-over", "handle"
NO_OFFSETS = (
    "This broker keeps no offsets and nothing that was consumed: what groups have missed is published again from the "
    "outbox. What still waits in its queues of events that the log has no more cannot be told apart, and is handled."
)


class Command(OperatorCommand):
    """`manage.py after_restore`: says what it found and mends it; with `--dry-run` it only says so, with status 1."""

    help = (
        "Bring broker and database together after the database was restored from a dump or a backup: groups go back to "
        "where the database knows of their effects, and what the broker has lost is published again, so that every "
        "event has its effect once and none is passed over. May be repeated; see docs/after-a-restore.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what is to be done (status 1 when there is something)"
        )
        parser.add_argument("--json", action="store_true", help="as one JSON object, for programs")
        parser.add_argument(
            "--lost-events",
            choices=LOST,
            default=LOST[0],
            help="what becomes of messages of events that the log has no more, because they were appended after the "
            "dump: passed over (as usual; `consumers replay --again` can still handle them), or handled",
        )
        parser.add_argument(
            "--trust-broker",
            action="append",
            default=[],
            metavar="GROUP",
            help="a group that was moved ahead at the broker on purpose: it goes on there; repeatable",
        )

    def handle(self, *, dry_run: bool, json: bool, lost_events: str, trust_broker: list[str], **options: Any) -> None:
        """Look, say what was found, and mend it."""
        bus = configured_bus()
        mended = None
        try:
            for name in trust_broker:
                group_named(name)
            findings = look(bus, trusted=trust_broker, progress=self._quiet if json else self._progress)
            if not json:
                self._describe(findings, lost_events)
            if not dry_run:
                mended = mend(findings, bus, passing_over=lost_events == LOST[0], trusted=trust_broker)
        except (BrokerUnavailable, GroupInUse, UnknownGroup, Unsupported) as error:
            raise CommandError(str(error)) from error
        if json:
            self.stdout.write(msgspec.json.encode({"found": findings, "mended": mended}).decode())
        elif mended is not None:
            self._conclude(mended)
        if dry_run and not findings.is_empty:
            raise SystemExit(1)

    def _quiet(self, _: Search) -> None:
        """A program reads one object and nothing else."""

    def _progress(self, part: Search) -> None:
        self.stdout.write(f"{part.topic}: {part.read} of {part.total} messages looked at")

    def _describe(self, findings: Findings, lost_events: str) -> None:
        if findings.is_empty:
            self.stdout.write("Broker and database agree.")
        if findings.restored:
            self.stdout.write("The database was restored from a dump.")
        if not findings.keeps_offsets:
            self.stdout.write(NO_OFFSETS)
        for group in findings.groups:
            self.stdout.write(
                f"{group.name}: {gap(group.ahead)} messages behind the broker, {group.gone} of them gone from it; "
                f"{len(group.rows)} outbox rows to be published again"
            )
            for one in group.ahead:
                self.stdout.write(f"  {one.topic}[{one.partition}]: from {one.committed} back to {one.recorded}")
        if findings.lost:
            self.stdout.write(f"{len(findings.lost)} messages of events that the log has no more ({lost_events}):")
        for lost in findings.lost:
            self.stdout.write(
                f"  {lost.topic}[{lost.partition}]@{lost.offset}: {lost.event_type} {lost.event_id} of "
                f"{lost.aggregate_type} {lost.aggregate_id}"
            )

    def _conclude(self, mended: Mended) -> None:
        self.stdout.write(
            f"{mended.set_back} partitions of groups set back, {mended.passed_over} effects of lost events passed "
            f"over, {mended.published_again} outbox rows to be published again."
        )
