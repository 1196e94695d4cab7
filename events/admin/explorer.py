"""Log explorer: the list of the log, narrowed by fields that each have their index, page by page without a count."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from msgspec import Struct
from msgspec.structs import replace

from events.envelope import EventHead
from events.exceptions import InvalidArgument
from events.exploring.explore import Explored, explore, types_of_aggregate_id
from events.exploring.filters import FIELDS, LogFilter, filter_of
from events.models import DomainEvent
from events.sql.statements import statement
from events.store.connection import live_cursor
from kit.admin.read_only import uuid_of
from kit.exceptions import TimeLimitExceeded
from kit.postgresql.time_limit import time_limit

# Milliseconds for each statement, and what the page says when one takes more.
LIMIT = 1_000
GIVEN_UP = (
    f"The search was given up: a statement took more than {LIMIT // 1_000} s. Narrow it down, by a shorter time, a "
    "stream, a user or a conversation."
)
# Aggregate types that are looked at for a term that is an aggregate's id.
MAX_TYPES = 20


class Field(Struct, frozen=True, kw_only=True):
    """A field of the filter form."""

    name: str
    label: str
    value: str
    type: str = "text"
    placeholder: str = ""
    choices: tuple[str, ...] = ()


class Page:
    """What stands in for a paginator: there are no numbers, only what is older."""

    template_name = "admin/events/explorer_pages.html"
    num_pages = 1
    per_page = 0
    count = 0


class LogExplorer(ChangeList):
    """The page of events that an address asks for; see `events.exploring`."""

    beyond: int | None = None
    """Where the next page begins."""
    looked_up_to: int | None = None
    """How far it has looked, where not all of a page was found in time."""
    problems: list[str]
    which: LogFilter

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[DomainEvent]:
        """No query of Django's own."""
        self.filter_specs, self.has_filters, self.has_active_filters = [], False, False
        return DomainEvent.objects.none()

    def get_results(self, request: HttpRequest) -> None:
        """The events of the page."""
        self.problems = []
        self.which = self._filter(request)
        heads: list[EventHead] = []
        if not self.problems:
            try:
                with time_limit(LIMIT):
                    heads = self._explored(_beyond(request))
            except TimeLimitExceeded:
                self.problems.append(GIVEN_UP)
        self.result_list = [DomainEvent(**{name: getattr(head, name) for name in _COLUMNS}) for head in heads]
        self.result_count = len(self.result_list)
        # The same, so that no page claims to know how many there are.
        self.full_result_count = self.result_count
        self.show_full_result_count = self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        self.paginator = Page()
        self.older = self._link(self.beyond)
        self.newest = self._link(None) if "beyond" in self.params else None
        self.fields = fields(request)
        self.narrowed = any(field.value for field in self.fields)
        self.tail_query = self.get_query_string(remove=["beyond", "q"]).removeprefix("?")

    def _filter(self, request: HttpRequest) -> LogFilter:
        try:
            return filter_of({name: request.GET.get(name, "") for name in (*FIELDS, "stream")})
        except InvalidArgument as error:
            self.problems.append(f"{error.parameter.replace('_', ' ').capitalize()} {error.reason}.")
            return LogFilter()

    def _explored(self, beyond: int | None) -> list[EventHead]:
        pages = [explore(which, limit=self.list_per_page, beyond=beyond) for which in self._searches()]
        if len(pages) == 1:
            (page,) = pages
            self.beyond = page.beyond
            self.looked_up_to = None if page.complete else page.beyond
            return page.events
        return self._together(pages)

    def _searches(self) -> list[LogFilter]:
        """The filter; with a term, the filters that are all that it may name."""
        terms = dict.fromkeys((self.query.strip(), self.query)) if self.query.strip() else {}
        if not terms:
            return [self.which]
        return [which for term in terms for which in _named(term, self.which)]

    def _together(self, pages: Iterable[Explored]) -> list[EventHead]:
        """The newest of several pages, each event once."""
        pages = list(pages)
        found = {head.position: head for page in pages for head in page.events}
        newest = [found[position] for position in sorted(found, reverse=True)]
        has_more = len(newest) > self.list_per_page or any(page.beyond is not None for page in pages)
        newest = newest[: self.list_per_page]
        self.beyond = newest[-1].position if has_more and newest else None
        return newest

    def _link(self, beyond: int | None) -> str | None:
        if beyond is None:
            return self.get_query_string(remove=["beyond"])
        return self.get_query_string({"beyond": beyond})


_COLUMNS = EventHead.__struct_fields__


def fields(request: HttpRequest) -> list[Field]:
    """The fields of the filter form, with what the address says."""

    def field(name: str, label: str, **options: Any) -> Field:
        return Field(name=name, label=label, value=request.GET.get(name, ""), **options)

    return [
        field("event_type", "Event type", choices=tuple(event_types())),
        field("aggregate_type", "Aggregate type"),
        field("stream", "Stream", placeholder="order/1042"),
        field("user_id", "User"),
        field("source_service", "Source"),
        field("correlation_id", "Correlation", placeholder="a UUID"),
        field("causation_id", "Caused by", placeholder="a UUID"),
        field("since", "From (UTC)", type="datetime-local"),
        field("until", "Before (UTC)", type="datetime-local"),
        field("from_position", "From position", type="number"),
        field("to_position", "To position", type="number"),
    ]


def event_types() -> list[str]:
    """The types that the log holds."""
    with live_cursor() as cursor:
        return [name for (name,) in cursor.execute(statement("event_types")).fetchall()]


def _beyond(request: HttpRequest) -> int | None:
    text = request.GET.get("beyond", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _named(term: str, which: LogFilter) -> list[LogFilter]:
    """The filters of all that a term names in full."""
    aggregate_type, slash, aggregate_id = term.partition("/")
    if slash:
        return [replace(which, aggregate_type=aggregate_type, aggregate_id=aggregate_id)]
    named = [replace(which, aggregate_type=name, aggregate_id=term) for name in types_of_aggregate_id(term, MAX_TYPES)]
    named.append(replace(which, event_type=term))
    if (uuid := uuid_of(term)) is not None:
        named += [replace(which, **{name: uuid}) for name in ("event_id", "correlation_id", "causation_id")]
    return named
