"""Operations and outbox rows as they look in answers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from kit.json.schema import one_of
from outbox.models import DeadLetterOperation, OutboxAction, OutboxEvent

RowState = Literal["pending", "waiting", "dead", "published", "discarded"]


class OperationView(Struct, frozen=True, kw_only=True):
    """An operation on dead letters, and how far it is."""

    id: int
    verb: Annotated[str, one_of(DeadLetterOperation.Verb.values)]
    filter: dict[str, Any]
    actor: str
    reason: str
    rate: float | None
    """Most dead letters in a second."""
    state: Annotated[str, one_of(DeadLetterOperation.State.values)]
    total: int
    done: int
    failed: int
    skipped: int
    pending: int
    cancelled_by: str
    """Empty unless it was cancelled."""
    cancel_reason: str
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RowView(Struct, frozen=True, kw_only=True):
    """An outbox row. Its event is in the log under its id."""

    id: int
    state: RowState
    event_id: UUID
    event_type: str
    aggregate_type: str
    aggregate_id: str
    version: int
    position: int
    topic: str
    partition_key: str
    retry_count: int
    last_error: str | None
    created_at: datetime
    published_at: datetime | None
    next_attempt_at: datetime | None
    dead_at: datetime | None
    discarded_at: datetime | None


class ActionView(Struct, frozen=True, kw_only=True):
    """What an operator has done to a row."""

    verb: str
    actor: str
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]
    at: datetime


class RowDetail(RowView, frozen=True, kw_only=True):
    """An outbox row with what operators have done to it, latest first."""

    actions: list[ActionView]


def operation_view(operation: DeadLetterOperation) -> OperationView:
    """An operation."""
    return OperationView(**{name: getattr(operation, name) for name in OperationView.__struct_fields__})


def row_view(row: OutboxEvent) -> RowView:
    """A row in a list."""
    return RowView(**{name: getattr(row, name) for name in RowView.__struct_fields__})


def row_detail(row: OutboxEvent, actions: list[OutboxAction]) -> RowDetail:
    """A row with its history."""
    history = [ActionView(**{name: getattr(act, name) for name in ActionView.__struct_fields__}) for act in actions]
    return RowDetail(**msgspec.structs.asdict(row_view(row)), actions=history)
