"""The list of the log: narrowed by each field, page by page, and honest about what it has not looked at."""

import html
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from events.admin import explorer
from events.api import Expected, NewEvent, StreamId, Untyped, append_events, execute
from events.exploring import explore as exploring
from events.models import DomainEvent
from kit.postgresql.time_limit import time_limit
from nova.services.orders.commands import CancelOrder, CreateOrder
from nova.services.orders.events import OrderItem
from tests.support.console import client_of

pytestmark = pytest.mark.usefixtures("redis_url", "db")

LOG = "admin:events_domainevent_changelist"
CONVERSATION = uuid4()


def append(key: str, **fields: Any) -> int:
    event = NewEvent(payload=Untyped(fields.pop("event_type", "note.taken"), {"text": "the-payload"}), **fields)
    return append_events(StreamId(fields.pop("kind", "note"), key), Expected.ANY, [event]).positions[0]


def positions(client: Client, **filters: str | int) -> list[int]:
    return [row.pk for row in client.get(reverse(LOG), filters).context["cl"].result_list]


@pytest.fixture
def viewer() -> Client:
    return client_of("view_domainevent")


def test_each_field_narrows_the_list(viewer: Client) -> None:
    plain = append("a", timestamp=datetime(2026, 1, 1, 12, tzinfo=UTC))
    other = append(
        "b",
        event_type="note.torn",
        user_id="ann",
        source_service="elsewhere",
        correlation_id=CONVERSATION,
        causation_id=CONVERSATION,
        timestamp=datetime(2026, 1, 2, 12, tzinfo=UTC),
    )
    assert positions(viewer) == [other, plain]
    for filters in (
        {"event_type": "note.torn"},
        {"stream": "note/b"},
        {"user_id": "ann"},
        {"source_service": "elsewhere"},
        {"correlation_id": str(CONVERSATION)},
        {"causation_id": str(CONVERSATION)},
        {"since": "2026-01-02T00:00"},
        {"since": "2026-01-02T00:00", "until": "2026-01-03T00:00"},
        {"from_position": other},
    ):
        assert positions(viewer, **filters) == [other], filters
    assert positions(viewer, until="2026-01-02T00:00") == [plain]
    assert positions(viewer, to_position=plain) == [plain]
    assert positions(viewer, aggregate_type="note") == [other, plain]
    assert positions(viewer, aggregate_type="page") == []


def test_a_term_finds_what_it_names_in_full(viewer: Client) -> None:
    conversation = uuid4()
    first = append("a", correlation_id=conversation)
    second = append("b", causation_id=DomainEvent.objects.get(pk=first).event_id)
    event_id = DomainEvent.objects.get(pk=first).event_id
    assert positions(viewer, q=str(event_id)) == [second, first]
    assert positions(viewer, q=str(conversation)) == [first]
    assert positions(viewer, q="note/b") == [second]
    assert positions(viewer, q=" b ") == [second]
    assert positions(viewer, q="note.taken") == [second, first]
    assert positions(viewer, q="nothing") == []


def test_pages_lead_to_what_is_older_and_back(viewer: Client) -> None:
    all_positions = [append(f"n{n}") for n in range(120)][::-1]
    found: list[int] = []
    query = "?"
    for _ in range(4):
        answer = viewer.get(reverse(LOG) + query)
        found += [row.pk for row in answer.context["cl"].result_list]
        if answer.context["cl"].beyond is None:
            break
        query = answer.context["cl"].older
    assert found == all_positions
    assert answer.context["cl"].newest == "?"


def test_where_few_fit_the_page_says_up_to_where_it_has_looked(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    all_positions = [append(f"n{n}") for n in range(10)]
    monkeypatch.setattr(exploring, "FIRST_SCAN", 4)
    monkeypatch.setattr(exploring, "BUDGET", -1.0)

    page = viewer.get(reverse(LOG), {"source_service": "nobody"}).content.decode()

    assert f"Only looked back to position {all_positions[6]}" in page
    assert "Older" in page


def test_a_search_that_takes_too_long_is_given_up_and_says_what_to_do(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    append("a")
    monkeypatch.setattr(explorer, "LIMIT", 50)

    def slow(*_: Any, **__: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    monkeypatch.setattr(explorer, "explore", slow)

    page = viewer.get(reverse(LOG)).content.decode()

    assert "The search was given up" in page
    assert "Narrow it down" in page
    # The limit is the block's and not the session's.
    with time_limit(60_000), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_nothing_is_counted_or_passed_over_by_number(viewer: Client) -> None:
    for n in range(60):
        append(f"n{n}", user_id="ann")
    with CaptureQueriesContext(connection) as asked:
        viewer.get(reverse(LOG), {"user_id": "ann", "p": "3"})
    sqls = [query["sql"].upper() for query in asked if "domain_events" in query["sql"]]
    # What was looked at is counted, which is bounded.
    assert not [sql for sql in sqls if " OFFSET " in sql or "COUNT(" in sql.replace("COUNT(*) FROM SCANNED", "")]


@pytest.mark.parametrize(
    ("name", "value"),
    [("stream", "note"), ("since", "yesterday"), ("from_position", "x"), ("correlation_id", "1"), ("user_id", "a\0")],
)
def test_what_cannot_be_is_said_beside_an_empty_list(viewer: Client, name: str, value: str) -> None:
    append("a")
    answer = viewer.get(reverse(LOG), {name: value})
    assert answer.status_code == 200
    if "\0" not in value:
        assert answer.context["cl"].problems
        assert list(answer.context["cl"].result_list) == []


def test_lists_show_no_payloads_and_are_for_those_who_see_events() -> None:
    append("a")
    assert "the-payload" not in client_of("view_domainevent").get(reverse(LOG)).content.decode()
    stranger = Client()
    assert stranger.get(reverse(LOG)).status_code == 302


def test_whoever_may_not_see_events_has_no_time_machine() -> None:
    assert client_of("view_outboxevent").get(reverse("admin:events_time_machine")).status_code == 403


@pytest.fixture
def an_order() -> StreamId:
    items = [OrderItem(product_id="<tea>", quantity=1, unit_price=5)]
    execute("o1", CreateOrder(customer_id="ann", currency="EUR", items=items))
    execute("o1", CancelOrder(reason="x"))
    return StreamId("order", "o1")


def time_machine(client: Client, **query: str | int) -> str:
    answer = client.get(reverse("admin:events_time_machine"), query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_the_time_machine_shows_a_version_and_what_differs_from_the_one_before(
    viewer: Client, an_order: StreamId
) -> None:
    shown = time_machine(viewer, stream=str(an_order), to=2)

    assert "<code>/status</code>" in shown
    assert "Between version 1 and version 2" in shown
    assert '"status": "cancelled"' in shown


def test_any_two_versions_are_compared(viewer: Client, an_order: StreamId) -> None:
    assert "No field differs." in time_machine(viewer, stream=str(an_order), **{"from": 1, "to": 1})
    assert "Between version 2 and version 1" in time_machine(viewer, stream=str(an_order), **{"from": 2, "to": 1})


@pytest.mark.parametrize(
    "query",
    [
        {"stream": "order/nobody"},
        {"stream": "order/o1", "to": "9" * 18},
        {"stream": "order/o1", "to": "99"},
        {"stream": "kettle/k"},
        {"stream": "order"},
        {"stream": "/"},
        {"stream": "\0"},
        {},
        {"stream": "order/o1", "to": "½", "from": "x"},
    ],
)
def test_odd_places_in_time_have_a_page(viewer: Client, an_order: StreamId, query: dict[str, str]) -> None:
    time_machine(viewer, **query)


def test_an_event_leads_to_the_time_machine_at_its_version(viewer: Client, an_order: StreamId) -> None:
    event = DomainEvent.objects.get(aggregate_id="o1", version=2)
    page = html.unescape(viewer.get(reverse("admin:events_domainevent_change", args=[event.pk])).content.decode())
    assert f"{reverse('admin:events_time_machine')}?stream=order%2Fo1&to=2" in page
