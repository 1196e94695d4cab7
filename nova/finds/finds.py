"""Finds: whatever an id names, of all that Nova keeps, by kind; each kind by an index and with a bounded count."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Literal
from uuid import UUID

import structlog
from msgspec import Struct

from events.api import (
    LogFilter,
    StreamId,
    explore,
    head_at_position,
    head_of_event,
    types_of_aggregate_id,
)
from events.envelope import EventHead
from kit.arguments import MAX_BIGINT
from kit.postgresql.time_limit import time_limit
from outbox.api import (
    BrokerUnavailable,
    MessagePlace,
    Unsupported,
    dead_letter_numbered,
    dead_letters_of,
    event_id_at,
    place_of,
)
from sagas.api import saga_of_id, sagas_of_key

log = structlog.get_logger(__name__)

Kind = Literal["event", "message", "stream", "correlation", "causation", "user", "saga", "dead_letter"]

MAX_COUNTED = 50
"""How far the finds of a kind are counted."""
MAX_SHOWN = 5
MAX_TERM = 400
LIMIT = 2_000
"""Milliseconds for each statement."""
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


class Find(Struct, frozen=True, kw_only=True):
    """Something that was found."""

    kind: Kind
    key: str
    """What names it: an event's id, a stream's name, a saga's id, a dead letter's number, a user's name."""
    title: str
    position: int | None = None
    """In the log, of an event."""


class KindOfFinds(Struct, frozen=True, kw_only=True):
    """What was found of a kind."""

    kind: Kind
    count: int
    """How many there are, of those that are counted."""
    more: bool
    """Whether there are more than were counted."""
    items: Sequence[Find]
    """The newest of them, at most five."""


class Finds(Struct, frozen=True, kw_only=True):
    """What a term names."""

    term: str
    kinds: Sequence[KindOfFinds]
    hidden: Sequence[Kind]
    """Kinds that were not looked for, as the caller may not see them."""
    unanswered: str | None
    """Why a part could not be looked for."""

    @property
    def only(self) -> KindOfFinds | None:
        """The kind, where all that was found is of one."""
        return self.kinds[0] if len(self.kinds) == 1 else None


KINDS: Sequence[Kind] = ("event", "message", "stream", "correlation", "causation", "user", "saga", "dead_letter")


def find(term: str, *, sees: Collection[Kind]) -> Finds:
    """All that a term names in full, of the kinds that the caller sees.

    Raises `TimeLimitExceeded` when a statement takes more than `LIMIT`.
    """
    term = term.strip()
    kinds: list[KindOfFinds] = []
    unanswered = message = None
    if term and len(term) <= MAX_TERM:
        place = place_of(term)
        if place is not None and "message" in sees:
            # Before the transaction: a broker that is away takes its time to be so.
            try:
                message = event_id_at(place)
            except (BrokerUnavailable, Unsupported) as error:
                log.warning("a message could not be looked up", place=str(place), error=str(error))
                unanswered = f"What lies at {place} could not be asked of the broker: {error}"
        with time_limit(LIMIT):
            if place is not None and message is not None:
                kinds += _at(place, message, sees)
            for kind in KINDS:
                if kind in sees and (found := _FINDERS[kind](term)) is not None:
                    kinds.append(found)
    return Finds(
        term=term,
        kinds=_without_lone_conversation(kinds),
        hidden=[kind for kind in KINDS if kind not in sees],
        unanswered=unanswered,
    )


def _at(place: MessagePlace, event_id: UUID, sees: Collection[Kind]) -> Iterator[KindOfFinds]:
    head = head_of_event(event_id)
    if head is not None and "event" in sees:
        title = f"{head.event.event_type} at {place}"
        yield _of("message", [Find(kind="message", key=str(event_id), title=title, position=head.event.position)])
    if "dead_letter" in sees and (letters := _dead_letters_of(event_id)):
        yield letters


def _event(term: str) -> KindOfFinds | None:
    event_id, number = _uuid(term), _number(term)
    head = head_of_event(event_id) if event_id else head_at_position(number) if number is not None else None
    return _of("event", [_event_find(head.event)]) if head else None


def _stream(term: str) -> KindOfFinds | None:
    aggregate_type, slash, aggregate_id = term.partition("/")
    if slash:
        names = [aggregate_type] if _has_events(StreamId(aggregate_type, aggregate_id)) else []
    else:
        aggregate_id = term
        names = types_of_aggregate_id(term, MAX_COUNTED + 1)
    streams = [str(StreamId(name, aggregate_id)) for name in names]
    return _of("stream", [Find(kind="stream", key=name, title=name) for name in streams]) if streams else None


def _has_events(stream: StreamId) -> bool:
    which = LogFilter(aggregate_type=stream.aggregate_type, aggregate_id=stream.aggregate_id)
    return bool(explore(which, limit=1).events)


def _correlation(term: str) -> KindOfFinds | None:
    correlation_id = _uuid(term)
    return _events_of("correlation", LogFilter(correlation_id=correlation_id)) if correlation_id else None


def _causation(term: str) -> KindOfFinds | None:
    causation_id = _uuid(term)
    return _events_of("causation", LogFilter(causation_id=causation_id)) if causation_id else None


def _user(term: str) -> KindOfFinds | None:
    return _events_of("user", LogFilter(user_id=term))


def _events_of(kind: Kind, which: LogFilter) -> KindOfFinds | None:
    events = explore(which, limit=MAX_COUNTED + 1).events
    return _of(kind, [_event_find(event, kind) for event in events]) if events else None


def _saga(term: str) -> KindOfFinds | None:
    saga_id = _uuid(term)
    by_id = saga_of_id(saga_id) if saga_id else None
    found = [by_id] if by_id else sagas_of_key(term, MAX_COUNTED + 1)
    finds = [Find(kind="saga", key=str(one.saga_id), title=f"{one.saga} {one.key}, {one.status}") for one in found]
    return _of("saga", finds) if finds else None


def _dead_letter(term: str) -> KindOfFinds | None:
    event_id, number = _uuid(term), _number(term)
    if event_id:
        return _dead_letters_of(event_id)
    one = dead_letter_numbered(number) if number is not None else None
    return _of("dead_letter", [_dead_letter_find(one.id, one.consumer, one.event_type, one.status)]) if one else None


def _dead_letters_of(event_id: UUID) -> KindOfFinds | None:
    found = dead_letters_of(event_id)
    finds = [_dead_letter_find(one.id, one.consumer, one.event_type, one.status) for one in found]
    return _of("dead_letter", finds) if finds else None


def _dead_letter_find(number: int, consumer: str, event_type: str, status: str) -> Find:
    return Find(kind="dead_letter", key=str(number), title=f"{consumer}: {event_type}, {status}")


def _event_find(event: EventHead, kind: Kind = "event") -> Find:
    title = f"{event.event_type} of {event.stream}"
    return Find(kind=kind, key=str(event.event_id), title=title, position=event.position)


def _of(kind: Kind, finds: Sequence[Find]) -> KindOfFinds:
    return KindOfFinds(
        kind=kind, count=min(len(finds), MAX_COUNTED), more=len(finds) > MAX_COUNTED, items=finds[:MAX_SHOWN]
    )


def _without_lone_conversation(kinds: Sequence[KindOfFinds]) -> list[KindOfFinds]:
    """The kinds, without a conversation that is no more than the event that was found by its id."""
    events = {find.key for one in kinds if one.kind == "event" for find in one.items}
    return [
        one
        for one in kinds
        if not (one.kind == "correlation" and one.count == 1 and not one.more and one.items[0].key in events)
    ]


def _uuid(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None


def _number(term: str) -> int | None:
    return int(term) if _NUMBER.fullmatch(term) and int(term) <= MAX_BIGINT else None


_FINDERS: dict[Kind, Callable[[str], KindOfFinds | None]] = {
    "event": _event,
    "message": lambda _: None,
    "stream": _stream,
    "correlation": _correlation,
    "causation": _causation,
    "user": _user,
    "saga": _saga,
    "dead_letter": _dead_letter,
}
