"""What may other apps use of the outbox? Everything that is named here."""

from outbox.bus.base import (
    Bus,
    DeliveryFailure,
    IncomingMessage,
    OutgoingMessage,
    Subscription,
)
from outbox.bus.kafka import KafkaBus
from outbox.bus.memory import MemoryBus
from outbox.database import is_outage, own_connection
from outbox.exceptions import (
    GroupDrained,
    InvalidEdit,
    InvalidParameter,
    InvalidRequest,
    InvalidRoute,
    LetterNotFound,
    LetterNotOpen,
    OperationFinished,
    OperationNotFound,
    OutboxError,
    Poisonous,
    RequestIdConflict,
    RowNotDead,
    RowNotFound,
    Stopped,
    UnknownGroup,
    UnknownRunner,
)
from outbox.failure_groups import FailureGroup, failure_groups
from outbox.foreign import commands_from, keep_foreign_events
from outbox.handlers import EVERYTHING, ConsumerGroup, Handler, group_named, register_groups, registered_groups
from outbox.health import Check, checks
from outbox.heartbeats import Pulse, runner_name
from outbox.hints import HintListener, announce_append
from outbox.hosting import Loop
from outbox.inbox import take_effect
from outbox.letter_edits import LetterEdit, edit_and_retry
from outbox.letter_filters import LetterFilter
from outbox.letter_operations import (
    archive_dead_letters,
    cancel_operation,
    discard_dead_letters,
    get_operation,
    retry_dead_letters,
    start_operation,
)
from outbox.letter_work import work_off_operations
from outbox.metrics import QueueCollector, process_counters, register_collectors
from outbox.operations import discard_outbox_rows, reroute_outbox_row, retry_outbox_rows
from outbox.received import ReceivedEvent
from outbox.record import record
from outbox.retries import Failure, RetryPolicy, Tempo
from outbox.runners import register_runner, relay_runner
from outbox.services import Service, listeners_of, owner_of, register_services, registered_services, service_named
from outbox.topics import TopicSpec, known_topics, topic_of

__all__ = [
    "EVERYTHING",
    "Bus",
    "Check",
    "ConsumerGroup",
    "DeliveryFailure",
    "Failure",
    "FailureGroup",
    "GroupDrained",
    "Handler",
    "HintListener",
    "IncomingMessage",
    "InvalidEdit",
    "InvalidParameter",
    "InvalidRequest",
    "InvalidRoute",
    "KafkaBus",
    "LetterEdit",
    "LetterFilter",
    "LetterNotFound",
    "LetterNotOpen",
    "Loop",
    "MemoryBus",
    "OperationFinished",
    "OperationNotFound",
    "OutboxError",
    "OutgoingMessage",
    "Poisonous",
    "Pulse",
    "QueueCollector",
    "ReceivedEvent",
    "RequestIdConflict",
    "RetryPolicy",
    "RowNotDead",
    "RowNotFound",
    "Service",
    "Stopped",
    "Subscription",
    "Tempo",
    "TopicSpec",
    "UnknownGroup",
    "UnknownRunner",
    "announce_append",
    "archive_dead_letters",
    "cancel_operation",
    "checks",
    "commands_from",
    "discard_dead_letters",
    "discard_outbox_rows",
    "edit_and_retry",
    "failure_groups",
    "get_operation",
    "group_named",
    "is_outage",
    "keep_foreign_events",
    "known_topics",
    "listeners_of",
    "own_connection",
    "owner_of",
    "process_counters",
    "record",
    "register_collectors",
    "register_groups",
    "register_runner",
    "register_services",
    "registered_groups",
    "registered_services",
    "relay_runner",
    "reroute_outbox_row",
    "retry_dead_letters",
    "retry_outbox_rows",
    "runner_name",
    "service_named",
    "start_operation",
    "take_effect",
    "topic_of",
    "work_off_operations",
]
