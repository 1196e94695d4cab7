"""Finds in the console: one field on every page, which leads straight to the one thing that its term names."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from msgspec import Struct

from kit.admin.pages import list_url, row_url
from kit.exceptions import TimeLimitExceeded
from nova.finds.finds import LIMIT, MAX_TERM, Find, Finds, Kind, KindOfFinds, find
from nova.finds.kinds import found_by_operator
from nova.finds.recent import recent_finds, remember_find

TITLES: dict[Kind, str] = {
    "event": "Event",
    "message": "Message",
    "stream": "Streams",
    "correlation": "Events of this conversation",
    "causation": "Events that it has caused",
    "user": "Events of this user",
    "saga": "Sagas",
    "dead_letter": "Dead letters",
}
FILTERS: dict[Kind, str] = {"correlation": "correlation_id", "causation": "causation_id", "user": "user_id"}


class ShownKind(Struct, frozen=True, kw_only=True):
    """A kind of finds as the page shows it."""

    title: str
    count: str
    everything: str | None
    """The list of them all."""
    items: list[tuple[str, str]]
    """Address and title."""


def find_page(request: HttpRequest) -> HttpResponse:
    """What the term names: its page where it is one thing, and a list otherwise."""
    term = request.GET.get("term", "").replace("\0", "").strip()
    context: dict[str, Any] = {}
    if len(term) > MAX_TERM:
        context = {"too_long": MAX_TERM}
    elif term:
        try:
            found = find(term, sees=found_by_operator(request.user))
        except TimeLimitExceeded:
            context = {"given_up": LIMIT / 1_000}
        else:
            if found.kinds:
                remember_find(request, term)
            if (page := page_of(found)) is not None:
                return HttpResponseRedirect(page)
            context = {"found": found, "kinds": [shown(one, found.term) for one in found.kinds]}
    frame: dict[str, Any] = admin.site.each_context(request)
    own = {"title": "Find", "term": term, "recent": recent_finds(request)}
    return TemplateResponse(request, "admin/nova/find.html", frame | own | context)


def page_of(found: Finds) -> str | None:
    """The page of what was found, where it is one thing, or the events of one."""
    only = found.only
    if only is None or found.unanswered:
        return None
    if only.kind in FILTERS:
        return all_of(only, found.term)
    return url_of(only.items[0]) if only.count == 1 and not only.more else None


def shown(one: KindOfFinds, term: str) -> ShownKind:
    """A kind of finds for the page."""
    return ShownKind(
        title=TITLES[one.kind],
        count=f"more than {one.count}" if one.more else str(one.count),
        everything=all_of(one, term),
        items=[(url_of(item), item.title) for item in one.items],
    )


def all_of(one: KindOfFinds, term: str) -> str | None:
    """The list of all that was found of a kind; None where there is none."""
    name = FILTERS.get(one.kind)
    return list_url("events_domainevent", **{name: term}) if name else None


def url_of(found: Find) -> str:
    """The page of something."""
    match found.kind:
        case "stream":
            return list_url("events_domainevent", stream=found.key)
        case "saga":
            return row_url("sagas_sagastate", found.key)
        case "dead_letter":
            return row_url("outbox_deadletter", found.key)
        case _:
            return row_url("events_domainevent", found.position)
