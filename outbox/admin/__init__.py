"""What does an operator see of the outbox and its consumers, and what can be done about what is stuck?"""

from outbox.admin.consumers import ConsumerAdmin
from outbox.admin.dead_letters import DeadLetterAdmin
from outbox.admin.operations import DeadLetterOperationAdmin
from outbox.admin.rows import OutboxEventAdmin

__all__ = ["ConsumerAdmin", "DeadLetterAdmin", "DeadLetterOperationAdmin", "OutboxEventAdmin"]
