"""Projection: a read model's event types, effect and version.

A projection turns events into tables. It is a small class that knows the event types it handles, its tables and how an
event changes them; reading the log, transactions, checkpoints and failures are the engine's.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import ClassVar

from django.db.models import Model

from events.envelope import RecordedEvent
from kit.postgresql.pipeline import pipelined
from projections.definition.policy import Policy
from projections.exceptions import CannotVerify


class Projection:
    """Base of all projections. Override `apply`, or `apply_batch` where many events at once are cheaper.

    Both are called inside the transaction that also moves the checkpoint: they write to the database and nowhere else,
    so that an event that is applied again after a crash finds no trace of the first time. They raise when an event
    cannot be applied; what the engine does then is the policy's.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    """Raise it when events mean something else than before: what serves then stays as it is until a rebuild's swap."""
    event_types: ClassVar[frozenset[str]]
    models: ClassVar[tuple[type[Model], ...]]
    """The tables that belong to this projection alone; a rebuild fills others of the same definition.

    Statements name them without a schema, so that they mean those which are being filled.
    """
    policy: ClassVar[Policy] = Policy()
    """What becomes of an event that fails, and more; the setting NOVA_PROJECTIONS may say otherwise."""

    per_aggregate: ClassVar[bool] = False
    """Whether each row of its tables depends on the events of one aggregate alone, and these read and write no other
    row: then no order matters but that within an aggregate, and it may run inline, or be kept by several workers."""

    cache_tags: ClassVar[tuple[str, ...]] = ()
    """Tags of cached answers that its tables are in; they are forgotten whenever a change of these is committed."""

    writes_only: ClassVar[bool] = False
    """Whether `apply` only sends statements, and asks nothing of them, not even how many rows they have changed.

    Then those of many events are sent without waiting for each answer. Django's `save` and `update_or_create` ask.
    """

    def apply(self, event: RecordedEvent) -> None:
        """Change the tables as one event says."""
        raise NotImplementedError

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Change the tables as the events say, which come in the order of the log."""
        with pipelined() if self.writes_only and len(events) > 1 else nullcontext():
            for event in events:
                self.apply(event)

    def key_of(self, event: RecordedEvent) -> str | None:
        """The key of the one row of its first table that the event changes, as text: what samples are verified by."""
        raise CannotVerify(f"{self.name} does not say which row an event changes: verify all of it")

    def on_applied(self, events: Sequence[RecordedEvent]) -> None:
        """Have the effects that are not rows of the projection's own tables, after events are in those.

        It is called in the same transaction, and never while a rebuild or a verification applies the same events once
        more.
        """
