"""Public face of the outbox: what other apps may use of it."""

from kit.outages import is_outage
from kit.pacing.retry import RetryPolicy
from kit.pacing.tempo import Tempo
from kit.postgresql.connections import own_connection
from outbox.bus.base import (
    Bus,
    DeliveryFailure,
    Failure,
    IncomingMessage,
    OutgoingMessage,
    Subscription,
    TopicSpec,
)
from outbox.bus.factory import configured_bus
from outbox.bus.kafka.bus import KafkaBus
from outbox.bus.memory.bus import MemoryBus
from outbox.consumers.health import Check, after_restore_is_due, checks
from outbox.dead_letters.edits import DeadLetterEdit, edit_and_retry
from outbox.dead_letters.executor import work_off_operations
from outbox.dead_letters.groups import FailureGroup, failure_groups
from outbox.dead_letters.operations import (
    archive_dead_letters,
    cancel_operation,
    discard_dead_letters,
    get_operation,
    retry_dead_letters,
    start_operation,
)
from outbox.dead_letters.selection import DeadLetterFilter, dead_lettered
from outbox.exceptions import (
    BrokerUnavailable,
    DeadLetterNotFound,
    DeadLetterNotOpen,
    EffectsGated,
    GroupDrained,
    InvalidArgument,
    InvalidEdit,
    InvalidRequest,
    InvalidRoute,
    OperationFinished,
    OperationNotFound,
    OutboxError,
    Poisonous,
    ReplayRefused,
    ReplayStopped,
    RequestIdConflict,
    RowNotDead,
    RowNotFound,
    Stopped,
    UnknownGroup,
    UnknownRunner,
    Unsupported,
)
from outbox.figures import Backlog, Delivery, backlog, deliveries
from outbox.handling.effects import gated, have_effect
from outbox.handling.external_events import commands_from, keep_external_events
from outbox.handling.handlers import (
    ConsumerGroup,
    Handler,
    group_named,
    handles,
    register_groups,
    register_handlers,
    registered_groups,
)
from outbox.handling.inbox import take_effect
from outbox.handling.log_replay import replay_events, resume_replay
from outbox.handling.logged_events import as_received, handle_again, kept_external_events, taken_effect, unlogged_events
from outbox.hosting.collectors import LagCollector, QueueCollector, register_collectors
from outbox.hosting.hosted_loop import Loop
from outbox.hosting.runners import register_runner, relay_runner
from outbox.journey.consumption import Consumption, consumptions_of
from outbox.journey.finding import (
    FoundDeadLetter,
    MessagePlace,
    dead_letter_numbered,
    dead_letters_of,
    event_id_at,
    place_of,
)
from outbox.journey.publication import Publication, outbox_retention, publication_of
from outbox.messages.received import ReceivedEvent
from outbox.messages.topics import EVERYTHING, known_topics, topic_of
from outbox.recorder import record
from outbox.relay.row_actions import discard_outbox_rows, reroute_outbox_row, retry_outbox_rows
from outbox.services import Service, listeners_of, owner_of, register_services, registered_services, service_named
from outbox.signals.heartbeats import Pulse, runner_name
from outbox.signals.metrics import process_counters
from outbox.signals.wakeup import WakeupListener, announce_append

__all__ = [
    "EVERYTHING",
    "Backlog",
    "BrokerUnavailable",
    "Bus",
    "Check",
    "ConsumerGroup",
    "Consumption",
    "DeadLetterEdit",
    "DeadLetterFilter",
    "DeadLetterNotFound",
    "DeadLetterNotOpen",
    "Delivery",
    "DeliveryFailure",
    "EffectsGated",
    "Failure",
    "FailureGroup",
    "FoundDeadLetter",
    "GroupDrained",
    "Handler",
    "IncomingMessage",
    "InvalidArgument",
    "InvalidEdit",
    "InvalidRequest",
    "InvalidRoute",
    "KafkaBus",
    "LagCollector",
    "Loop",
    "MemoryBus",
    "MessagePlace",
    "OperationFinished",
    "OperationNotFound",
    "OutboxError",
    "OutgoingMessage",
    "Poisonous",
    "Publication",
    "Pulse",
    "QueueCollector",
    "ReceivedEvent",
    "ReplayRefused",
    "ReplayStopped",
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
    "Unsupported",
    "WakeupListener",
    "after_restore_is_due",
    "announce_append",
    "archive_dead_letters",
    "as_received",
    "backlog",
    "cancel_operation",
    "checks",
    "commands_from",
    "configured_bus",
    "consumptions_of",
    "dead_letter_numbered",
    "dead_lettered",
    "dead_letters_of",
    "deliveries",
    "discard_dead_letters",
    "discard_outbox_rows",
    "edit_and_retry",
    "event_id_at",
    "failure_groups",
    "gated",
    "get_operation",
    "group_named",
    "handle_again",
    "handles",
    "have_effect",
    "is_outage",
    "keep_external_events",
    "kept_external_events",
    "known_topics",
    "listeners_of",
    "outbox_retention",
    "own_connection",
    "owner_of",
    "place_of",
    "process_counters",
    "publication_of",
    "record",
    "register_collectors",
    "register_groups",
    "register_handlers",
    "register_runner",
    "register_services",
    "registered_groups",
    "registered_services",
    "relay_runner",
    "replay_events",
    "reroute_outbox_row",
    "resume_replay",
    "retry_dead_letters",
    "retry_outbox_rows",
    "runner_name",
    "service_named",
    "start_operation",
    "take_effect",
    "taken_effect",
    "topic_of",
    "unlogged_events",
    "work_off_operations",
]
