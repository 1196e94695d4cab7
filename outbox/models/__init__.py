"""Models of the outbox and its consumers: they serve the admin and low-rate queries; hot paths have `outbox/sql`."""

from outbox.models.consumers import ConsumerAction, ConsumerControl, ExternalEvent, InboxEntry, ProcessHeartbeat
from outbox.models.dead_letters import DeadLetter, DeadLetterOperation, OperationItem
from outbox.models.replays import HandlerReplay
from outbox.models.restoring import ConsumerPosition, DatabaseIdentity
from outbox.models.rows import OutboxAction, OutboxEvent, OutboxQuerySet
from outbox.models.topics import TopicAssignment

__all__ = [
    "ConsumerAction",
    "ConsumerControl",
    "ConsumerPosition",
    "DatabaseIdentity",
    "DeadLetter",
    "DeadLetterOperation",
    "ExternalEvent",
    "HandlerReplay",
    "InboxEntry",
    "OperationItem",
    "OutboxAction",
    "OutboxEvent",
    "OutboxQuerySet",
    "ProcessHeartbeat",
    "TopicAssignment",
]
