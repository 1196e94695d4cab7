"""Journey of an event in the console: a part of the event's page, which it asks for when it has loaded.

So the page is there at once, and stays of use where a part of the journey cannot be told.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from msgspec import Struct

from events.api import head_at_position
from kit.admin.display import link, seconds
from kit.admin.pages import list_url, row_url
from kit.arguments import MAX_BIGINT
from kit.exceptions import TimeLimitExceeded
from kit.links import link_to
from kit.postgresql.time_limit import time_limit
from nova.journey.journey import ConsumptionView, Journey, journey_of
from nova.journey.parts import seen_by_operator
from outbox.api import Publication, outbox_retention
from projections.api import Reach
from sagas.api import MovedSaga

# Milliseconds for each statement: they take a few, unless the server is in trouble.
LIMIT = 2_000
COLOURS = {
    "published": "success",
    "handled": "success",
    "applied": "success",
    "pending": "info",
    "waiting": "warning",
    "dead": "danger",
    "dead_letter": "danger",
    "failed": "danger",
    "parked": "danger",
    "not_begun": "warning",
}
ROW_NOTES = {
    "cleaned": "Its outbox row was cleaned away: rows that are published are kept for {days} days.",
    "missing": "It has no outbox row: it was recorded without being published, as imported events are.",
    "hidden": "You may not see outbox rows.",
}
WHY_IT_WAITS = {
    "pending": "The relay takes it with its next batch.",
    "dead": "It was given up and holds back the later messages of its key until an operator retries or discards it.",
    "discarded": "An operator decided never to publish it.",
}


class Line(Struct, frozen=True, kw_only=True):
    """One stop of the journey: whose it is, what has become of the event there, and what else is known."""

    name: SafeString | str
    state: str
    colour: str
    detail: Sequence[SafeString | str]

    @property
    def label(self) -> str:
        """The state in words."""
        return self.state.replace("_", " ")


def journey_page(request: HttpRequest, position: int) -> HttpResponse:
    """The journey of the event at a position, for its page."""
    if not request.user.has_perm("events.view_domainevent"):
        raise PermissionDenied
    if position > MAX_BIGINT:
        raise Http404
    try:
        with time_limit(LIMIT):
            head = head_at_position(position)
            journey = journey_of(head.event, sees=seen_by_operator(request.user)) if head else None
    except TimeLimitExceeded:
        return render(request, "admin/nova/journey.html", {"given_up": LIMIT / 1_000})
    if head is None or journey is None:
        raise Http404
    context = shown(journey) | {"trace_id": head.trace_id, "curl": curl(request, journey)}
    return render(request, "admin/nova/journey.html", context)


def shown(journey: Journey) -> dict[str, Any]:
    """What the template shows of a journey."""
    return {
        "event": journey.event,
        "by": journey.event.user_id or journey.event.source_service,
        "by_link": _user_link(journey.event.user_id),
        "neighbours": _neighbours(journey),
        "row": _row_line(journey),
        "topic": _topic(journey.publication),
        "groups": [
            ("Consumers", [_consumer_line(one) for one in journey.consumers], "No consumer group reads it."),
            ("Projections", [_projection_line(one) for one in journey.projections], "No projection handles its type."),
            ("Sagas", [_saga_line(one) for one in journey.sagas], "It has neither begun nor moved a saga."),
        ],
        "hidden": [part.replace("_", " ") for part in journey.hidden],
    }


def curl(request: HttpRequest, journey: Journey) -> str:
    """How the event is read over HTTP, for a shell; the token is the reader's own."""
    url = request.build_absolute_uri(link_to("event", journey.event.event_id))
    return f"curl --header \"Authorization: Bearer $NOVA_TOKEN\" '{url}'"


def _neighbours(journey: Journey) -> list[dict[str, str | None]]:
    beside = journey.neighbours
    pairs = (
        ("in its stream", beside.previous_in_stream, beside.next_in_stream),
        ("in its conversation", beside.previous_in_correlation, beside.next_in_correlation),
        ("in the log", beside.previous_in_log, beside.next_in_log),
    )
    return [
        {"where": where, "previous": _event_url(before), "next": _event_url(after)} for where, before, after in pairs
    ]


def _event_url(position: int | None) -> str | None:
    return None if position is None else row_url("events_domainevent", position)


def _user_link(user_id: str | None) -> str | None:
    return user_id and list_url("events_domainevent", user_id=user_id)


def _row_line(journey: Journey) -> Line:
    row = journey.publication
    if row is None:
        note = ROW_NOTES[journey.row_state].format(days=outbox_retention().days)
        return Line(name="Outbox", state=journey.row_state, colour="default", detail=[note])
    detail: list[SafeString | str] = []
    if row.retry_count:
        detail.append(f"The broker has refused it {row.retry_count} times.")
    if row.held_by is not None:
        held_by = link(row_url("outbox_outboxevent", row.held_by), f"row {row.held_by}")
        detail.append(SafeString(f"It waits behind {held_by} of its key."))
    elif row.state == "waiting" and row.next_attempt_at:
        detail.append(f"It is tried again at {seconds(row.next_attempt_at)} UTC.")
    elif row.state in WHY_IT_WAITS:
        detail.append(WHY_IT_WAITS[row.state])
    if row.last_error and row.state != "published":
        detail.append(f"The broker said: {row.last_error}")
    if row.published_at:
        detail.append(f"Published at {seconds(row.published_at)} UTC.")
    return Line(
        name=link(row_url("outbox_outboxevent", row.row_id), f"Outbox row {row.row_id}"),
        state=row.state,
        colour=COLOURS.get(row.state, "default"),
        detail=detail,
    )


def _topic(row: Publication | None) -> dict[str, Any] | None:
    if row is None:
        return None
    place = None if row.offset is None else f"{row.topic}@{row.partition}:{row.offset}"
    note = ""
    if row.state == "published" and place is None:
        note = "Where its message lies was not told: RabbitMQ numbers no messages, and rows from before were not asked."
    return {"name": row.topic, "key": row.partition_key, "place": place, "row": row, "note": note}


def _consumer_line(one: ConsumptionView) -> Line:
    detail: list[SafeString | str] = []
    if one.handled_at:
        elapsed = "" if one.seconds is None else f", {_duration(one.seconds)} after it was recorded"
        detail.append(f"At {seconds(one.handled_at)} UTC{elapsed}.")
    if one.behind is not None:
        detail.append(f"{one.behind} messages of its partition are to be handled up to this one.")
    if one.detail:
        detail.append(one.detail)
    if one.dead_letter_id is not None:
        detail.append(link(row_url("outbox_deadletter", one.dead_letter_id), f"Dead letter {one.dead_letter_id}"))
    return Line(
        name=link(reverse("admin:outbox_consumercontrol_change", args=[one.consumer]), one.consumer),
        state=one.state,
        colour=COLOURS.get(one.state, "default"),
        detail=detail,
    )


def _projection_line(one: Reach) -> Line:
    status = "" if one.status in {"", "running"} else f"The projection is {one.status}. "
    return Line(
        name=link(row_url("projections_projectioncheckpoint", one.projection), one.projection),
        state=one.state,
        colour=COLOURS.get(one.state, "default"),
        detail=[f"{status}It stands at {one.position}."],
    )


def _saga_line(one: MovedSaga) -> Line:
    what = "It has begun it" if one.number == 1 else f"Transition {one.number}"
    return Line(
        name=link(row_url("sagas_sagastate", one.saga_id), f"{one.saga} {one.key}"),
        state=one.status,
        colour="danger" if one.status in {"awaiting_operator", "compensation_failed"} else "default",
        detail=[f"{what}, at {seconds(one.at)} UTC; it stood at {one.status_after} then."],
    )


def _duration(elapsed: float) -> str:
    return f"{elapsed * 1_000:.0f} ms" if elapsed < 1 else f"{elapsed:.1f} s"
