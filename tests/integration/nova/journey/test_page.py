"""The journey on an event's page: everything leads on, and nobody sees more than elsewhere."""

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from events.models import DomainEvent
from kit.exceptions import TimeLimitExceeded
from nova.journey import console
from outbox.models import OutboxEvent
from tests.support.console import client_of
from tests.support.journeys import append_note, dead_lettered, handled, published

pytestmark = pytest.mark.usefixtures("db", "redis_url")

ALL = (
    *("view_domainevent", "view_outboxevent", "view_consumercontrol", "view_deadletter"),
    *("view_projectioncheckpoint", "view_sagastate"),
)


def page(client: Client, position: int | None = None) -> str:
    event = DomainEvent.objects.first()
    assert event is not None
    answer = client.get(reverse("console-journey", args=[event.pk if position is None else position]))
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_the_events_page_asks_for_its_journey(admin_client: Client) -> None:
    append_note()
    event = DomainEvent.objects.get()

    shown = admin_client.get(reverse("admin:events_domainevent_change", args=[event.pk])).content.decode()

    assert f'hx-get="{reverse("console-journey", args=[event.pk])}"' in shown


def test_it_leads_to_the_row_the_group_the_dead_letter_and_the_events_of_the_user() -> None:
    event_id = append_note(user_id="ann")
    published(event_id, partition=1, offset=12, topic="notes")
    dead_letter = dead_lettered(event_id, "reader")
    handled(event_id, "writer")

    shown = page(client_of(*ALL))

    assert "notes@1:12" in shown
    row = OutboxEvent.objects.get()
    for link in (
        reverse("admin:outbox_outboxevent_change", args=[row.pk]),
        reverse("admin:outbox_deadletter_change", args=[dead_letter.pk]),
        reverse("admin:outbox_consumercontrol_change", args=["reader"]),
        f"{reverse('admin:events_domainevent_changelist')}?user_id=ann",
    ):
        assert link in shown
    assert "the-payload" not in shown


def test_the_copied_command_reads_the_event_and_has_no_token(caller: Any) -> None:
    event_id = append_note()

    shown = page(client_of(*ALL))

    assert f"/api/v1/events/{event_id}'" in shown
    assert "Bearer $NOVA_TOKEN" in shown
    assert caller.get(f"/api/v1/events/{event_id}").status_code == 200


def test_whoever_sees_events_alone_is_told_what_is_hidden_and_nothing_of_it() -> None:
    event_id = append_note()
    published(event_id, partition=1, offset=12, topic="notes")
    dead_letter = dead_lettered(event_id, "reader")

    shown = page(client_of("view_domainevent"))

    assert "You may not see: outbox, consumers, dead letters, projections, sagas." in shown
    assert "notes@1:12" not in shown
    assert f"Dead letter {dead_letter.pk}" not in shown


def test_it_is_for_those_who_see_events() -> None:
    append_note()
    event = DomainEvent.objects.get()
    url = reverse("console-journey", args=[event.pk])

    assert client_of(*ALL[1:]).get(url).status_code == 403
    assert Client().get(url).status_code == 302


@pytest.mark.parametrize("position", [0, 99_999_999, 10**40])
def test_of_no_event_there_is_no_page(admin_client: Client, position: int) -> None:
    assert admin_client.get(f"/admin/journey/{position}/").status_code == 404


def test_a_row_that_is_gone_is_said_to_be_gone(admin_client: Client) -> None:
    append_note()
    OutboxEvent.objects.all().delete()

    assert "It has no outbox row" in page(admin_client)


def test_a_journey_that_takes_too_long_is_given_up(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    append_note()

    def slow(*_: Any, **__: Any) -> None:
        raise TimeLimitExceeded(console.LIMIT)

    monkeypatch.setattr(console, "journey_of", slow)

    assert "The journey was given up" in page(admin_client)
