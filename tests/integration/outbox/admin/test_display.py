"""Display of rows and dead letters: how one stands, what it waits for, and what can be done about it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from events.api import set_on_append
from events.store.hooks import on_append
from outbox.api import IncomingMessage, archive_dead_letters, discard_dead_letters, record, retry_dead_letters
from outbox.dead_letters.store import original, store_dead_letter
from outbox.exceptions import KeyBlocked
from outbox.handling import handlers
from outbox.models import DeadLetter, DeadLetterOperation, OutboxEvent
from tests.support.console import operator_client, submit
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group
from tests.support.outbox import take_notes

pytestmark = pytest.mark.django_db

FAILED_AT = datetime(2031, 5, 1, 12, 30, 59, tzinfo=UTC)
DEAD_LETTERS = "admin:outbox_deadletter_changelist"
ROWS = "admin:outbox_outboxevent_changelist"
RAW = b'{"a":1,"a":2,"big":12345678901234567890.1}'


@pytest.fixture
def operator(db: None, redis_url: str) -> Client:
    return operator_client()


@pytest.fixture
def some_rows(db: None, redis_url: str) -> Any:
    before = on_append()
    set_on_append(record)
    take_notes("a", 1, 2, 3)
    take_notes("b", 1)
    yield list(OutboxEvent.objects.order_by("pk"))
    set_on_append(before)


def text_of(client: Client, name: str, *args: Any, **query: str) -> str:
    """What a page says, without its markup."""
    html = client.get(reverse(name, args=args), query, follow=True).content.decode()
    return " ".join(re.sub(r"<[^>]*>", " ", html).replace("&quot;", '"').split())


def offered(client: Client, name: str, number: int) -> set[str]:
    """The actions that a page has buttons for."""
    html = client.get(reverse(f"admin:outbox_{name}_change", args=[number])).content.decode()
    return set(re.findall(rf"/{name}/{number}/(retry|edit|discard|archive|reroute|cancel)/", html))


def test_a_body_and_headers_are_shown_as_they_came(operator: Client) -> None:
    headers = (("event_type", b"x.happened"), ("trace", b"one"), ("trace", b"two"), ("odd", b"\xff"), ("none", None))
    message = IncomingMessage(topic="t", partition=0, offset=1, key=b"k", body=RAW, headers=headers, timestamp=None)
    store_dead_letter(fussy_group(Fussy()), message, ValueError("no"), attempts=1)
    dead_letter = DeadLetter.objects.get()

    page = text_of(operator, "admin:outbox_deadletter_change", dead_letter.pk)
    form = operator.get(reverse("admin:outbox_deadletter_edit_dead_letter", args=[dead_letter.pk])).context["form"]

    assert RAW.decode() in page
    assert "trace one trace two odd base64: /w== none (none)" in page
    assert form["body"].value() == RAW.decode()


def test_an_edit_can_say_another_schema_version_and_keeps_what_is_not_touched(operator: Client) -> None:
    headers = (("event_type", b"x.happened"), ("schema_version", b"2"), ("trace", b"one"), ("trace", b"two"))
    for offset in (1, 2):
        message = IncomingMessage(
            topic="t", partition=0, offset=offset, key=b"k", body=b"{}", headers=headers, timestamp=None
        )
        store_dead_letter(fussy_group(Fussy()), message, ValueError("no"), attempts=1)
    versions = []
    for dead_letter, said in zip(DeadLetter.objects.order_by("pk"), ({}, {"schema_version": "3"}), strict=True):
        page = operator.get(reverse("admin:outbox_deadletter_edit_dead_letter", args=[dead_letter.pk]))
        assert page.context["form"]["schema_version"].value() == "2"
        submit(operator, page, said | {"body": '{"n": 1}', "reason": "mended"})
        copy = original(DeadLetter.objects.get(edited_from=dead_letter))
        versions.append([value for name, value in copy.headers if name == "schema_version"])
        assert [value for name, value in copy.headers if name == "trace"] == [b"one", b"two"]

    assert versions == [[b"2"], [b"3"]]


def test_what_is_wrong_with_an_edit_is_said_beside_the_field(operator: Client) -> None:
    message = IncomingMessage(topic="t", partition=0, offset=1, key=b"k", body=b"{}", headers=(), timestamp=None)
    store_dead_letter(fussy_group(Fussy()), message, ValueError("no"), attempts=1)
    url = reverse("admin:outbox_deadletter_edit_dead_letter", args=[DeadLetter.objects.get().pk])

    for said, field in (({"body": "{}"}, "event_type"), ({"body": "[", "event_type": "x.happened"}, "body")):
        assert operator.post(url, said | {"reason": "r"}).context["form"].errors.keys() == {field}


def test_a_row_behind_a_dead_one_leads_to_it(operator: Client, some_rows: list[OutboxEvent]) -> None:
    dead, waiting, pending, other = some_rows
    OutboxEvent.objects.filter(pk=dead.pk).update(dead_at=FAILED_AT)
    OutboxEvent.objects.filter(pk=waiting.pk).update(next_attempt_at=FAILED_AT)

    for row in (waiting, pending):
        page = operator.get(reverse("admin:outbox_outboxevent_change", args=[row.pk])).content.decode()
        assert reverse("admin:outbox_outboxevent_change", args=[dead.pk]) in page
        assert f"row {dead.pk}" in page
    assert "Waits for -" in text_of(operator, "admin:outbox_outboxevent_change", other.pk)
    assert "Waits for -" in text_of(operator, "admin:outbox_outboxevent_change", dead.pk)
    assert operator.get(reverse(ROWS)).content.decode().count(f"row {dead.pk}<") == 2


def test_what_is_over_holds_no_row(operator: Client, some_rows: list[OutboxEvent], settings: Any) -> None:
    first, second, third, _ = some_rows
    now = datetime.now(UTC)
    OutboxEvent.objects.filter(pk=first.pk).update(discarded_at=now)
    OutboxEvent.objects.filter(pk=second.pk).update(next_attempt_at=now - timedelta(minutes=1))
    assert "Waits for -" in text_of(operator, "admin:outbox_outboxevent_change", third.pk)

    OutboxEvent.objects.filter(pk=second.pk).update(next_attempt_at=None, dead_at=now)
    assert f"Waits for row {second.pk}" in text_of(operator, "admin:outbox_outboxevent_change", third.pk)
    settings.NOVA_RELAY_POLICIES = {third.topic: {"dead_row": "lets_its_key_go_on"}}
    assert "Waits for -" in text_of(operator, "admin:outbox_outboxevent_change", third.pk)


def test_a_row_has_no_button_that_would_do_nothing(operator: Client, some_rows: list[OutboxEvent]) -> None:
    dead, waiting, published, pending = some_rows
    OutboxEvent.objects.filter(pk=dead.pk).update(dead_at=FAILED_AT)
    OutboxEvent.objects.filter(pk=waiting.pk).update(next_attempt_at=FAILED_AT)
    OutboxEvent.objects.filter(pk=published.pk).update(published=True)

    assert offered(operator, "outboxevent", dead.pk) == {"retry", "reroute", "discard"}
    assert offered(operator, "outboxevent", waiting.pk) == {"retry"}
    assert offered(operator, "outboxevent", published.pk) == set()
    assert offered(operator, "outboxevent", pending.pk) == set()


def test_a_dead_letter_and_an_operation_have_no_button_that_would_do_nothing(operator: Client) -> None:
    is_open, retrying, discarded, archived = dead_lettered(fussy_group(Fussy()), 1, 2, 3, 4)
    operation = retry_dead_letters(retrying, actor="a", reason="r")
    done = discard_dead_letters(discarded, actor="a", reason="r")
    archive_dead_letters(archived, actor="a", reason="r")

    assert offered(operator, "deadletter", is_open) == {"retry", "edit", "discard", "archive"}
    assert offered(operator, "deadletter", retrying) == set()
    assert offered(operator, "deadletter", discarded) == {"archive"}
    assert offered(operator, "deadletter", archived) == {"retry", "edit", "discard"}
    assert offered(operator, "deadletteroperation", operation.pk) == {"cancel"}
    assert offered(operator, "deadletteroperation", done.pk) == set()
    assert DeadLetterOperation.objects.get(pk=done.pk).state == "done"


def test_a_dead_letter_that_cannot_be_edited_any_more_says_so(operator: Client) -> None:
    (dead_letter,) = dead_lettered(fussy_group(Fussy()), 1)
    discard_dead_letters(dead_letter, actor="a", reason="r")

    answer = operator.get(reverse("admin:outbox_deadletter_edit_dead_letter", args=[dead_letter]), follow=True)

    assert answer.redirect_chain == [(reverse("admin:outbox_deadletter_change", args=[dead_letter]), 302)]
    assert [str(said) for said in answer.context["messages"]] == [f"dead letter {dead_letter} is discarded, not open."]


def test_a_parked_dead_letter_leads_to_the_one_that_its_key_waits_for(operator: Client) -> None:
    group = fussy_group(Fussy())
    (first,) = dead_lettered(group, 1)
    (elsewhere,) = dead_lettered(group, 2, key=b"other")
    parked, second = dead_lettered(group, 3, 4, error=KeyBlocked("t", b"k"))

    for url in (reverse("admin:outbox_deadletter_change", args=[parked]), reverse(DEAD_LETTERS, query={"topic": "t"})):
        page = operator.get(url).content.decode()
        assert f"parked behind dead letter {first}<" in page
        assert f"parked behind dead letter {elsewhere}<" not in page
        assert "?:0 in ?" not in page
    assert f"parked behind dead letter {first} " in text_of(operator, "admin:outbox_deadletter_change", second)
    discard_dead_letters(first, actor="a", reason="r")
    assert "parked; its key is free by now" in text_of(operator, "admin:outbox_deadletter_change", parked)
    assert "?:0 in ?" not in text_of(operator, "admin:outbox_deadletter_failure_groups")


def test_times_have_seconds_and_a_zone(operator: Client, some_rows: list[OutboxEvent]) -> None:
    dead_letters = dead_lettered(fussy_group(Fussy()), 1)
    DeadLetter.objects.update(first_failed_at=FAILED_AT, last_failed_at=FAILED_AT)
    OutboxEvent.objects.update(created_at=FAILED_AT)
    operation = retry_dead_letters(*dead_letters, actor="a", reason="r")
    DeadLetterOperation.objects.update(created_at=FAILED_AT)

    for page in (
        text_of(operator, DEAD_LETTERS),
        text_of(operator, "admin:outbox_deadletter_change", dead_letters[0]),
        text_of(operator, "admin:outbox_outboxevent_change", some_rows[0].pk),
        text_of(operator, "admin:outbox_deadletteroperation_changelist"),
        text_of(operator, "admin:outbox_deadletteroperation_change", operation.pk),
    ):
        assert "2031-05-01 12:30:59 UTC" in page


def test_pages_of_consumers_are_called_as_in_the_menu(
    admin_client: Client, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "_groups", {})
    page = text_of(admin_client, "admin:outbox_consumercontrol_changelist")

    assert "chevron_right Consumers" in page
    assert "Consumer controls" not in page


def test_a_row_that_leaves_its_body_to_the_log_shows_the_same_as_one_with_a_copy(
    operator: Client, some_rows: Any, settings: Any
) -> None:
    settings.NOVA_OUTBOX_BODY = "referenced"
    take_notes("a", 3)
    copied = some_rows[2]
    referring = OutboxEvent.objects.latest("pk")
    assert referring.payload is None

    pages = [text_of(operator, "admin:outbox_outboxevent_change", row.pk) for row in (copied, referring)]

    shown = [re.findall(r'{ "filling": "", "number": 3 }|{ "clock": \d+ }', page) for page in pages]
    assert [len(found) for found in shown] == [2, 2]
    assert shown[0][0] == shown[1][0]
