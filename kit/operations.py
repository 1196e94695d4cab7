"""Bulk operation: what an operator asks to be done to many rows, kept as a row itself: who, why, how fast, how far.

Each app has a table of its own for them, and rows that name what an operation is about; what it does to one is the
app's, and so is the order in which it does. The rows are the truth: a worker that dies leaves them where it was.
"""

from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import QuerySet
from django.db.models.functions import Now
from msgspec import Struct

from kit.exceptions import OperationFinished, OperationNotFound, RequestIdConflict


class Operation(models.Model):
    """Who has asked for something, why, and how far it is; subclasses say what, to which rows, and count them."""

    class State(models.TextChoices):
        """How far it is."""

        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        CANCELLED = "cancelled"
        FAILED = "failed"

    actor = models.CharField(max_length=255)
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=10, choices=State, db_default=State.QUEUED)
    done = models.IntegerField(db_default=0)
    cancelled_by = models.CharField(max_length=255, blank=True, db_default="")
    cancel_reason = models.CharField(max_length=500, blank=True, db_default="")
    error = models.TextField(blank=True, db_default="", help_text="What the operation itself ended with.")
    request_id = models.UUIDField(null=True, unique=True, help_text="Makes a repeated request harmless.")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def is_live(self) -> bool:
        """Whether there is something left to do."""
        return self.state in LIVE


LIVE = (Operation.State.QUEUED, Operation.State.RUNNING)
OperationT = TypeVar("OperationT", bound=Operation)


class Operations(Struct, Generic[OperationT], frozen=True, kw_only=True):
    """The operations of one table, with what the app raises about them."""

    kind: type[OperationT]
    not_found: type[OperationNotFound]
    finished: type[OperationFinished]
    conflict: type[RequestIdConflict]

    @property
    def rows(self) -> QuerySet[OperationT]:
        """All of them."""
        return self.kind._default_manager.all()  # noqa: SLF001 - Django's documented API

    def live(self) -> list[int]:
        """The numbers of those that have something left to do, in the order in which they were begun."""
        return list(self.rows.filter(state__in=LIVE).order_by("id").values_list("id", flat=True))

    def get(self, operation_id: int) -> OperationT:
        """The operation of that number. Raises `not_found`."""
        operation = self.rows.filter(pk=operation_id).first()
        if operation is None:
            raise self.not_found(operation_id)
        return operation

    def begin(self, request_id: UUID | None, fields: dict[str, Any]) -> tuple[OperationT, bool]:
        """The row of an operation with these fields, and whether it is new: one request id means one operation.

        Raises `conflict` when the request id was used before for something else.
        """
        if request_id is None:
            return self.rows.create(**fields), True
        operation, created = self.rows.get_or_create(request_id=request_id, defaults=fields)
        if not created and {name: getattr(operation, name) for name in fields} != fields:
            raise self.conflict(request_id)
        return operation, created

    def lock_live(self, operation_id: int) -> OperationT:
        """The operation, locked once nobody has it in hand. Raises `not_found` and `finished`."""
        operation = self.rows.select_for_update().filter(pk=operation_id).first()
        if operation is None:
            raise self.not_found(operation_id)
        if not operation.is_live:
            raise self.finished(operation_id, operation.state)
        return operation

    def cancel(self, operation: OperationT, *, actor: str, reason: str) -> None:
        """Let an operation that the caller has locked have ended, and keep who wants that and why."""
        operation.state, operation.finished_at = operation.State.CANCELLED, Now()
        operation.cancelled_by, operation.cancel_reason = actor, reason
        operation.save(update_fields=["state", "finished_at", "cancelled_by", "cancel_reason"])


def next_turn(due: datetime | None, rate: float | None, *, now: datetime) -> datetime:
    """When the next row's turn is, at so many a second; at once without a rate. Pure.

    It counts from the time that was due, so that the rate is kept however long each takes; nothing is saved up.
    """
    interval = timedelta(seconds=1 / rate) if rate else timedelta()
    return max(due or now, now - interval) + interval
