"""Exceptions of the outbox: what can go wrong between the store and a handler.

OutboxError
├── Poisonous         a message that no handler can be given
├── KeyBlocked        a message whose key a dead letter holds back
├── ConsumerStalled   a consumer has come no further for too long
├── DatabaseSetBack   the database knows less of what a group has done than it did before
├── TopicNameTaken    a topic's name that Kafka cannot tell from another one's; it is an InvalidEvent too
├── UnknownGroup      no consumer group has the name
├── GroupDrained      a consumer group is drained, and cannot be paused
├── EffectsGated      an append while effects are not to take place
├── ReplayRefused     a handler that cannot be given events of the log again
├── ReplayStopped     a handler failed while it was given events of the log again
├── UnknownService    no service has the name
├── UnknownRunner     no runner has the name
├── DeadLetterNotFound    no dead letter has the number
├── DeadLetterNotOpen     a dead letter was dealt with, or is being dealt with
├── InvalidEdit       an edited message that its group's handlers could not be given either
├── OperationNotFound no operation has the number
├── OperationFinished an operation has ended and cannot be cancelled
├── RequestIdConflict a request id was used before for something else
├── RowNotFound       no outbox row has the number
├── RowNotDead        an outbox row is not one that an operator decides about
├── InvalidRoute      a topic or key that a row cannot have
├── InvalidRequest    a body of a request that cannot be understood
├── InvalidArgument   no call can be made with an argument
├── BrokerUnavailable the broker does not answer, or does not let us in
│   └── QueueMismatch a queue of RabbitMQ is there that was declared otherwise
├── MessageRefused    the broker has not taken a message
├── SubscriptionClosed    a member was polled that has left its group
├── Unsupported       the broker cannot do what it was asked for
├── GroupInUse        a consumer group has members, and cannot be moved to another place
└── Stopped           the process was asked to stop while it waited for an outage to end

The whole tree stands here, so the module has more than 200 lines.
"""

from datetime import datetime

import kit.exceptions
from events.exceptions import InvalidEvent
from kit.exceptions import InvalidParameter
from kit.outages import ServerUnavailable


class OutboxError(Exception):
    """Root of everything that the outbox raises."""


class Poisonous(OutboxError):
    """A message that no handler can be given: it has no event type, or its body does not fit it."""

    def __init__(self, reason: str, *, pointer: str = "") -> None:
        super().__init__(reason)
        self.pointer = pointer
        """JSON pointer (RFC 6901) into the message, as if its parts were members of an object."""


class KeyBlocked(OutboxError):
    """A message that is not handled, because an earlier one of its key is a dead letter."""

    def __init__(self, topic: str, key: bytes | None) -> None:
        super().__init__(f"parked behind a dead letter of the key {key!r} on {topic}")
        self.topic = topic
        self.key = key


class ConsumerStalled(OutboxError):
    """A consumer has come no further for too long, and is started again."""

    def __init__(self, what: tuple[str, ...]) -> None:
        super().__init__(f"no progress: {', '.join(what)}")
        self.what = what


class DatabaseSetBack(OutboxError):
    """The database knows less of what a group has done than it did before, as after a restore."""

    def __init__(self, consumer: str, remedy: str) -> None:
        super().__init__(f"less is recorded of {consumer!r} than was; {remedy}")
        self.consumer = consumer


class TopicNameTaken(OutboxError, InvalidEvent):
    """An aggregate type whose topic would bear a name that Kafka cannot tell from another one's."""

    def __init__(self, name: str, other: str) -> None:
        InvalidEvent.__init__(
            self,
            f"its topic would be {name!r}, which Kafka cannot tell from {other!r}, for dots and underscores are alike "
            "to it: choose another aggregate type",
            pointer="/aggregate_type",
        )
        self.name = name
        self.other = other


class UnknownGroup(OutboxError):
    """No consumer group has the name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no consumer group {name!r}; there are: {', '.join(known) or 'none'}")
        self.name = name
        self.known = known


class GroupDrained(OutboxError):
    """A consumer group is drained, and cannot be paused: its members would come back in."""

    def __init__(self, name: str, *, actor: str, since: datetime) -> None:
        super().__init__(f"{name} was drained by {actor} at {since:%Y-%m-%d %H:%M:%S} UTC; resume it first")
        self.name = name
        self.actor = actor
        self.since = since


class EffectsGated(OutboxError):
    """An append while effects are not to take place; a handler that appends does it by `have_effect`."""

    def __init__(self) -> None:
        super().__init__("an append while effects do not take place: it belongs into have_effect")


class ReplayRefused(OutboxError):
    """A handler that cannot be given events of the log again; the text says why, and what can be done."""


class ReplayStopped(OutboxError):
    """A handler failed while it was given events of the log again: the replay stands, and can go on."""

    def __init__(self, replay_id: int, position: int, error: Exception) -> None:
        super().__init__(
            f"replay {replay_id} stands at position {position}: {type(error).__name__}: {error}; "
            f"mend what is wrong and resume it"
        )
        self.replay_id = replay_id
        self.position = position


class UnknownService(OutboxError):
    """No service has the name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no service {name!r}; there are: {', '.join(known) or 'none'}")
        self.name = name


class UnknownRunner(OutboxError):
    """No runner has the name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no runner {name!r}; there are: {', '.join(known) or 'none'}")
        self.name = name


class DeadLetterNotFound(OutboxError):
    """No dead letter has the number."""

    def __init__(self, letter_id: int) -> None:
        super().__init__(f"no dead letter {letter_id}")
        self.letter_id = letter_id


class DeadLetterNotOpen(OutboxError):
    """A dead letter was dealt with, or is being dealt with."""

    def __init__(self, letter_id: int, status: str) -> None:
        super().__init__(f"dead letter {letter_id} is {status}, not open")
        self.letter_id = letter_id
        self.status = status


class InvalidEdit(OutboxError):
    """An edited message that its group's handlers could not be given either."""

    def __init__(self, reason: str, *, pointer: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer
        """JSON pointer (RFC 6901) into the edit."""


class OperationNotFound(OutboxError, kit.exceptions.OperationNotFound):
    """No operation has the number."""


class OperationFinished(OutboxError, kit.exceptions.OperationFinished):
    """An operation has ended and cannot be cancelled."""


class RequestIdConflict(OutboxError, kit.exceptions.RequestIdConflict):
    """A request id was used before for something else."""


class RowNotFound(OutboxError):
    """No outbox row has the number."""

    def __init__(self, row_id: int) -> None:
        super().__init__(f"no outbox row {row_id}")
        self.row_id = row_id


class RowNotDead(OutboxError):
    """An outbox row is not one that an operator decides about."""

    def __init__(self, row_id: int) -> None:
        super().__init__(f"outbox row {row_id} is not dead")
        self.row_id = row_id


class InvalidRoute(OutboxError):
    """A topic or key that a row cannot have."""

    def __init__(self, reason: str, *, pointer: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer
        """JSON pointer (RFC 6901) into the route."""


class InvalidRequest(OutboxError):
    """A body of a request that cannot be understood."""

    def __init__(self, reason: str, *, pointer: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer
        """JSON pointer (RFC 6901) into the body."""


class InvalidArgument(OutboxError, InvalidParameter, ValueError):
    """No call can be made with an argument, `parameter` by its name; nothing was sent to the database."""


class BrokerUnavailable(OutboxError, ServerUnavailable):
    """The broker does not answer, or does not let us in; the text says what it said, without secrets."""


class QueueMismatch(BrokerUnavailable):
    """A queue of RabbitMQ was declared otherwise than a group's are, and stays so until somebody deletes it."""

    def __init__(self, queue: str, reason: str) -> None:
        super().__init__(
            f"the queue {queue!r} is there already and was declared otherwise ({reason}); Nova's queues are durable "
            "classic ones. Stop who reads it, move what waits in it to a queue of another name, and delete it: it is "
            "made anew as it should be"
        )
        self.queue = queue


class MessageRefused(OutboxError):
    """The broker has not taken a message; the text says why."""

    def __init__(self, reason: str, *, is_permanent: bool) -> None:
        super().__init__(reason)
        self.is_permanent = is_permanent
        """Whether it never will as it is; else it may later."""


class SubscriptionClosed(OutboxError):
    """A member of a consumer group was polled that has left it."""

    def __init__(self, group: str) -> None:
        super().__init__(f"the subscription of {group} was closed and receives nothing; subscribe anew")
        self.group = group


class Unsupported(OutboxError):
    """The broker cannot do what it was asked for, whether it is there or not; the text says which can."""


class GroupInUse(OutboxError):
    """A consumer group has members at the broker, and only they can say where it goes on."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"the group {group_id!r} has members: stop its consumers, wait some seconds, and try again")
        self.group_id = group_id


class Stopped(OutboxError):
    """The process was asked to stop while it waited for an outage to end; what it had in hand comes again."""
