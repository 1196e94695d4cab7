"""Exceptions of the event store, and what each means.

EventStoreError
├── InvalidEvent             what was handed in cannot be an event
│   ├── InvalidJSON          the text is not I-JSON
│   │   └── TooManyValues    no event holds as many
│   ├── UnknownEventType     no code registers the type, and untyped events are not accepted here
│   ├── SourceNotOwner       it does not come from the service that owns its aggregate
│   ├── PayloadTooLarge      the event would not fit into a message
│   └── InvalidCommand       a command's fields do not fit it
├── InvalidArgument          no call can be made with an argument
├── ConcurrencyError         somebody else was faster
│   ├── VersionConflict      the stream is not at the expected version
│   ├── EventIdConflict      the event id was used before with other content
│   ├── CommandIdConflict    the command id was used before for another command
│   └── StreamTombstoned     the stream was closed for ever
├── CommandRefused           the aggregate's rules say no; the domain's own refusals derive from it
├── PreconditionRequired     this installation appends with an expected version only
├── NotFound
│   ├── AggregateNotFound    an aggregate has no events, which one that is read or commanded must have
│   ├── EventNotFound
│   ├── VersionNotFound      the stream has no such version
│   ├── UnknownAggregate     no code registers the aggregate type
│   └── UnknownCommand       the aggregate knows no such command
├── AppendRefused            what is to be done in the appending transaction cannot be done
├── UnreadableStream         a stream holds an event that this code cannot fold
├── AppendOnly               something tried to change or remove an event
├── Unavailable              the database cannot be reached or asked to try again
│   └── SequenceBehind       a table's next number is one that a row has already
├── StaleSnapshot            the log is followed in a transaction that does not see what others commit
├── MissingCast              no upcaster or downcaster leads from one version to another
├── ReplayFailed             a handler failed on an event of a replay
└── HookNotSet               nothing says what happens in the appending transaction

The whole tree stands here, so the module has more than 200 lines.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from events.envelope import RecordedEvent, StreamId
from kit.exceptions import InvalidParameter
from kit.outages import ServerUnavailable


class EventStoreError(Exception):
    """Root of everything that the event store raises."""


class InvalidEvent(EventStoreError):
    """What was handed in cannot be an event. `pointer` is a JSON pointer (RFC 6901) to the offending part."""

    def __init__(self, reason: str, *, pointer: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer

    def __str__(self) -> str:
        return f"{self.pointer}: {self.reason}" if self.pointer else self.reason

    def within(self, prefix: str) -> Self:
        """The same error, seen from a larger document that holds the offending one at `prefix`."""
        self.pointer = prefix + self.pointer
        return self


class InvalidJSON(InvalidEvent):
    """The text is not I-JSON (RFC 7493)."""


class TooManyValues(InvalidJSON):
    """The text holds more than `limit` values, which is more than any event may hold; none was decoded."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} values")
        self.limit = limit


class UnknownEventType(InvalidEvent):
    """No code registers the type, and untyped events are not accepted here."""

    def __init__(self, event_type: str, *, pointer: str = "") -> None:
        super().__init__(f"no event type {event_type!r} is registered", pointer=pointer)
        self.event_type = event_type


class SourceNotOwner(InvalidEvent):
    """The event's aggregate belongs to another service, `owner`, than the one that it says to come from."""

    def __init__(self, aggregate_type: str, owner: str, source_service: str) -> None:
        reason = f"{aggregate_type!r} belongs to {owner!r}, which alone appends to it, not {source_service!r}"
        super().__init__(reason, pointer="/source_service")
        self.aggregate_type = aggregate_type
        self.owner = owner
        self.source_service = source_service


class PayloadTooLarge(InvalidEvent):
    """The event would not fit into a message of the broker. Sizes are in bytes of canonical JSON."""

    def __init__(self, size: int, limit: int, *, pointer: str = "") -> None:
        super().__init__(f"{size} bytes of payload and metadata are more than the {limit} allowed", pointer=pointer)
        self.size = size
        self.limit = limit


class InvalidCommand(InvalidEvent):
    """A command's fields do not fit it."""


class InvalidArgument(EventStoreError, InvalidParameter, ValueError):
    """No call can be made with an argument, `parameter` by its name; nothing was sent to the database."""


class ConcurrencyError(EventStoreError):
    """Somebody else was faster."""


class VersionConflict(ConcurrencyError):
    """The stream is not at the expected version. Versions count from 1; 0 is a stream without events."""

    def __init__(self, stream: StreamId, expected: int, actual: int) -> None:
        super().__init__(f"{stream} is at version {actual}, not at the expected {describe_expected(expected)}")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class EventIdConflict(ConcurrencyError):
    """The event ids were used before, with other content or in another append."""

    def __init__(self, event_ids: Sequence[UUID]) -> None:
        super().__init__("used before with other content: " + ", ".join(str(event_id) for event_id in event_ids))
        self.event_ids = tuple(event_ids)


class CommandIdConflict(ConcurrencyError):
    """The command id was used before for another command, or for another aggregate."""

    def __init__(self, command_id: UUID) -> None:
        super().__init__(f"the command id {command_id} was used before for another command")
        self.command_id = command_id


class CommandRefused(EventStoreError):
    """The aggregate's rules say no; nothing has happened. The domain's own refusals derive from it."""

    code: ClassVar[str] = "refused"
    """Names the kind of refusal for ever, for programs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StreamTombstoned(ConcurrencyError):
    """The stream was closed for ever and takes no more events; it can still be read. `since` is a time in UTC."""

    def __init__(self, stream: StreamId, *, since: datetime, reason: str) -> None:
        super().__init__(f"{stream} was closed for ever" + (f": {reason}" if reason else ""))
        self.stream = stream
        self.since = since
        self.reason = reason


class AppendRefused(EventStoreError):
    """Nothing is appended, for `follower`, by what it calls itself, cannot do in this transaction what is to be done;
    what it raised is the cause.
    """

    def __init__(self, follower: str) -> None:
        super().__init__(f"nothing was appended: {follower} cannot take it")
        self.follower = follower


class PreconditionRequired(EventStoreError):
    """This installation appends with an expected version only, and the request names none."""


class NotFound(EventStoreError):
    """There is nothing under that name."""


class AggregateNotFound(NotFound):
    """The aggregate, and so its stream, has no events. Refusals of commands to what is not there derive from it too."""

    def __init__(self, stream: StreamId) -> None:
        super().__init__(f"{stream} has no events")
        self.stream = stream


StreamNotFound = AggregateNotFound


class EventNotFound(NotFound):
    """No event has the id."""

    def __init__(self, event_id: UUID) -> None:
        super().__init__(f"no event has the id {event_id}")
        self.event_id = event_id


class VersionNotFound(NotFound):
    """The stream has events, and has not come to that version."""

    def __init__(self, stream: StreamId, version: int, actual: int) -> None:
        super().__init__(f"{stream} has no version {version}, it is at version {actual}")
        self.stream = stream
        self.version = version
        self.actual = actual


class UnknownAggregate(NotFound):
    """No code registers the aggregate type."""

    def __init__(self, aggregate_type: str, known: Sequence[str]) -> None:
        super().__init__(f"no aggregate type is named {aggregate_type!r}; there are {', '.join(known)}")
        self.aggregate_type = aggregate_type
        self.known = tuple(known)


class UnknownCommand(NotFound):
    """The aggregate knows no command of that name."""

    def __init__(self, aggregate_type: str, command: str, known: Sequence[str]) -> None:
        super().__init__(f"{aggregate_type} knows no command {command!r}; there are {', '.join(known)}")
        self.aggregate_type = aggregate_type
        self.command = command
        self.known = tuple(known)


class UnreadableStream(EventStoreError):
    """A stream holds an event that its aggregate folds, and that this code cannot read: newer, or not of its type."""

    def __init__(self, stream: StreamId, version: int, event_type: str, schema_version: int) -> None:
        super().__init__(f"{stream} has {event_type} in schema version {schema_version} at version {version}")
        self.stream = stream
        self.version = version
        self.event_type = event_type
        self.schema_version = schema_version


class AppendOnly(EventStoreError):
    """Something tried to change or remove an event; the database refuses that to everyone."""


class Unavailable(EventStoreError, ServerUnavailable):
    """The database cannot be reached, or asked to try again; nothing of the call has taken effect."""


class SequenceBehind(Unavailable):
    """The sequence of a table is behind its rows, as after an incomplete restore, until `manage.py repair_sequences`.

    What would be written next would be refused, or be missed by those who follow the log; so nothing is.
    """

    def __init__(self, table: str) -> None:
        super().__init__(f"the sequence of {table} is behind its rows: run manage.py repair_sequences")
        self.table = table


class StaleSnapshot(EventStoreError):
    """The log is followed in a transaction that does not see what others commit after its first statement.

    Positions would be passed whose events it cannot see. `isolation` is the transaction's level.
    """

    def __init__(self, isolation: str) -> None:
        super().__init__(
            f"a {isolation.upper()} transaction cannot follow the log: it does not see what commits after its first "
            "statement; read the log outside of the transaction, or in a READ COMMITTED one"
        )
        self.isolation = isolation


class MissingCast(EventStoreError):
    """No upcaster or downcaster leads on from a version; the system check finds that before anything is read."""

    def __init__(self, event_type: str, from_version: int, to_version: int) -> None:
        super().__init__(f"nothing leads from version {from_version} of {event_type} to version {to_version}")
        self.event_type = event_type
        self.from_version = from_version
        self.to_version = to_version


class ReplayFailed(EventStoreError):
    """A handler failed on an event of a replay; what it raised is the cause (`__cause__`)."""

    def __init__(self, event: RecordedEvent) -> None:
        super().__init__(f"{event.event_type} {event.event_id} at position {event.position} could not be handled")
        self.event = event


class HookNotSet(EventStoreError):
    """Nothing says what happens in the appending transaction; `nova.wiring` connects the outbox."""


def describe_expected(expected: int) -> str:
    """An expected version in words: `version 3`, `any version`, …"""
    match expected:
        case -1:
            return "any version"
        case -2:
            return "existing stream"
        case 0:
            return "version 0 (no stream)"
        case _:
            return f"version {expected}"
