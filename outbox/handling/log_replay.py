"""Log replay: events of the log from a time on are given to one handler again, in order, whatever the inbox says.

Each batch is one transaction with how far the replay has come, so that it goes on after a crash where it was and gives
no event twice. The group goes on beside it, and no other handler notices. By itself a replay does no harm: it takes
handlers that bear events twice, and nothing but their own tables changes; all else has to be said.
"""

from collections.abc import Iterator
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models.functions import Now

from events.api import read_log, safe_position
from kit.arguments import MAX_REASON
from kit.operations import Operation
from kit.outages import is_outage
from outbox.arguments import arguments
from outbox.conf import outbox_conf
from outbox.exceptions import OperationFinished, OperationNotFound, ReplayRefused, ReplayStopped
from outbox.handling.handlers import ConsumerGroup, Handler, group_named
from outbox.handling.logged_events import as_received, handle_again, taken_effect
from outbox.models import HandlerReplay

log = structlog.get_logger(__name__)


def replay_events(
    group: str,
    handler: str,
    *,
    since: datetime,
    until: datetime | None = None,
    again: bool = False,
    effects: bool = False,
    actor: str,
    reason: str,
) -> Iterator[HandlerReplay]:
    """Give a handler the events that happened from `since` on and before `until`; the replay after each batch.

    It ends where the log could be read when it began. Without `effects` nothing takes place but the handler's writes to
    its tables: see `have_effect`; an append ends the replay. With `again`, also a handler that is not `repeatable` gets
    what its group has had; what the group has not had comes by itself.

    Raises:
        UnknownGroup: no group has the name.
        ReplayRefused: the group has no such handler, or what the handler is forbids it.
        ReplayStopped: the handler failed; see `resume_replay`.
    """
    arguments.time("since", since)
    arguments.time("until", until)
    arguments.text("actor", actor, least=1, most=255)
    arguments.text("reason", reason, least=1, most=MAX_REASON)
    _, chosen = _chosen(group, handler)
    _check(chosen, again=again, effects=effects)
    replay = HandlerReplay.objects.create(
        consumer=group,
        handler=handler,
        since=since,
        until=until,
        again=again,
        effects=effects,
        target=safe_position(),
        actor=actor,
        reason=reason,
    )
    log.info("handler_replay_begun", replay=replay.pk, group=group, handler=handler, actor=actor, reason=reason)
    return resume_replay(replay.pk)


def resume_replay(replay_id: int) -> Iterator[HandlerReplay]:
    """Go on with a replay where it was; the replay after each batch.

    Raises `OperationNotFound` and `OperationFinished`, and what `replay_events` does.
    """
    arguments.number("replay_id", replay_id)
    replay = HandlerReplay.objects.filter(pk=replay_id).first()
    if replay is None:
        raise OperationNotFound(replay_id)
    if not replay.is_live:
        raise OperationFinished(replay_id, replay.state)
    while replay.is_live:
        try:
            with transaction.atomic():
                # Locked: of two who go on with it, one waits and finds what is left.
                replay = HandlerReplay.objects.select_for_update().get(pk=replay_id)
                _step(replay)
        except Exception as error:
            if is_outage(error) or isinstance(error, ReplayRefused):
                raise
            stopped = ReplayStopped(replay_id, replay.position, error)
            HandlerReplay.objects.filter(pk=replay_id).update(error=str(stopped).replace("\0", "\ufffd"))
            raise stopped from error
        yield replay


def _step(replay: HandlerReplay) -> None:
    """Give the handler the next batch."""
    if not replay.is_live:
        return
    group, handler = _chosen(replay.consumer, replay.handler)
    page = read_log(
        replay.position,
        outbox_conf().consumer_batch,
        None if handler.wants_all else list(handler.event_types),
        since=replay.since,
        until=replay.until,
    )
    events = [event for event in page.events if event.position <= replay.target]
    if not handler.repeatable:
        had = taken_effect(group.name, events)
        replay.passed_over += sum(event.event_id not in had for event in events)
        events = [event for event in events if event.event_id in had]
    handle_again(group, [handler.name], [as_received(event) for event in events], effects=replay.effects)
    replay.done += len(events)
    replay.position = min(page.position, replay.target)
    replay.started_at = replay.started_at or Now()
    is_done = replay.position == replay.target
    replay.state = Operation.State.DONE if is_done else Operation.State.RUNNING
    replay.finished_at, replay.error = Now() if is_done else None, ""
    replay.save()


def _chosen(group: str, handler: str) -> tuple[ConsumerGroup, Handler]:
    found = group_named(group)
    named = {one.name: one for one in found.handlers}
    if handler not in named:
        raise ReplayRefused(f"{group} has no handler {handler!r}; it has {', '.join(sorted(named)) or 'none'}")
    return found, named[handler]


def _check(handler: Handler, *, again: bool, effects: bool) -> None:
    if handler.outside and not effects:
        raise ReplayRefused(f"{handler.name} has its effect outside the database, and does nothing without effects")
    if not handler.repeatable and not again:
        raise ReplayRefused(
            f"{handler.name} does not say that it bears an event twice (repeatable); give it what its group has had "
            "all the same with `again`"
        )
