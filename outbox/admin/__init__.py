"""Admin of the outbox: rows, consumer groups, dead letters and the operations on them."""

from outbox.admin.consumers import ConsumerAdmin
from outbox.admin.dead_letters import DeadLetterAdmin
from outbox.admin.operations import DeadLetterOperationAdmin
from outbox.admin.rows import OutboxEventAdmin

__all__ = ["ConsumerAdmin", "DeadLetterAdmin", "DeadLetterOperationAdmin", "OutboxEventAdmin"]
