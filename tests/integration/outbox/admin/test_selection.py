"""Bulk actions: an operator's action hits the dead letters or rows of the selection, and no others."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from events.api import set_on_append
from events.store.hooks import on_append
from outbox.admin import rows
from outbox.api import archive_dead_letters, record
from outbox.models import DeadLetter, DeadLetterOperation, OutboxAction, OutboxEvent
from tests.support.console import client_of, operator_client, submit
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group
from tests.support.outbox import take_notes

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
ROWS = "admin:outbox_outboxevent_changelist"
DEAD_LETTERS = "admin:outbox_deadletter_changelist"
MANY_ROWS = "admin:outbox_outboxevent_operate"
MANY_DEAD_LETTERS = "admin:outbox_deadletter_operate"


@pytest.fixture
def operator(db: None, redis_url: str) -> Client:
    return operator_client()


@pytest.fixture
def dead_letters(db: None) -> list[int]:
    return dead_lettered(fussy_group(Fussy()), 1, 2, 3)


@pytest.fixture
def dead_rows(db: None, redis_url: str) -> Any:
    before = on_append()
    set_on_append(record)
    take_notes("a", 1, 2)
    take_notes("b", 1)
    OutboxEvent.objects.update(dead_at=NOW, retry_count=9, last_error="no")
    OutboxEvent.objects.filter(partition_key="b").update(topic="other")
    yield list(OutboxEvent.objects.order_by("pk").values_list("pk", flat=True))
    set_on_append(before)


def statuses() -> list[str]:
    return list(DeadLetter.objects.order_by("pk").values_list("status", flat=True))


def test_what_is_done_to_a_selected_archived_dead_letter_is_done_to_that_one(
    operator: Client, dead_letters: list[int]
) -> None:
    archive_dead_letters(dead_letters[0], actor="a", reason="known")

    asked = operator.post(
        f"{reverse(DEAD_LETTERS)}?archived=yes", {"action": "discard", "_selected_action": [dead_letters[0]]}
    )
    submit(operator, asked, {"reason": "harmless"})

    assert statuses() == ["discarded", "open", "open"]


def test_nothing_is_done_when_what_was_selected_has_left_the_list_meanwhile(
    operator: Client, dead_letters: list[int]
) -> None:
    asked = operator.post(reverse(DEAD_LETTERS), {"action": "discard", "_selected_action": dead_letters[:1]})
    archive_dead_letters(dead_letters[0], actor="a colleague", reason="known")

    done = submit(operator, asked, {"reason": "harmless"})

    assert done.headers["Location"] == reverse(DEAD_LETTERS)
    assert set(statuses()) == {"open"}
    assert not DeadLetterOperation.objects.filter(verb="discard").exists()


def test_the_list_is_narrowed_still_once_the_reason_is_given(operator: Client, dead_rows: list[int]) -> None:
    asked = operator.post(f"{reverse(ROWS)}?topic=other", {"action": "discard", "_selected_action": dead_rows})
    assert asked.context["count"] == 1
    done = submit(operator, asked, {"reason": "meaningless"})

    assert done.headers["Location"] == f"{reverse(ROWS)}?topic=other"
    assert [row.topic for row in OutboxEvent.objects.filter(discarded_at__isnull=False)] == ["other"]


@pytest.mark.parametrize(("url", "left"), [(ROWS, "dead"), (DEAD_LETTERS, "open")])
def test_all_pages_of_a_list_cannot_be_selected_at_once(
    operator: Client, dead_letters: list[int], dead_rows: list[int], url: str, left: str
) -> None:
    assert "Select all 99" not in operator.get(reverse(url)).content.decode()
    # Numbers of the other list may be those of others in this one.
    number = dead_letters[0] if url == DEAD_LETTERS else dead_rows[0]
    chosen = {"action": "discard", "_selected_action": [number], "select_across": "1"}

    operator.post(reverse(url), chosen | {"reason": "harmless"})

    states = statuses() if url == DEAD_LETTERS else [row.state for row in OutboxEvent.objects.order_by("pk")]
    assert states == ["discarded", left, left]


@pytest.mark.parametrize("url", [MANY_DEAD_LETTERS, MANY_ROWS])
def test_all_that_there_is_has_to_be_asked_for_in_words(
    operator: Client, dead_letters: list[int], dead_rows: list[int], url: str
) -> None:
    body = {"verb": "discard", "reason": "oops"}

    for said in ({}, {"everything": "on", "topic": "t"}):
        answer = operator.post(reverse(url), body | said | {"start": ""})
        assert answer.context["form"].errors.keys() == {"everything"}
    counted = operator.post(reverse(url), body | {"everything": "on", "count": ""})
    assert counted.context["counted"] == 3
    assert set(statuses()) == {"open"}
    submit(operator, counted, {"start": ""})

    if url == MANY_DEAD_LETTERS:
        assert set(statuses()) == {"discarded"}
    else:
        assert {row.state for row in OutboxEvent.objects.all()} == {"discarded"}


def test_nothing_starts_before_the_operator_has_seen_how_many_it_is_about(
    operator: Client, dead_letters: list[int]
) -> None:
    url, body = reverse(MANY_DEAD_LETTERS), {"verb": "discard", "topic": "t", "reason": "harmless"}

    counted = operator.post(url, body | {"start": ""})
    assert counted.context["counted"] == 3
    assert "Discard 3" in counted.content.decode()
    other = submit(operator, counted, {"verb": "archive", "start": ""})
    assert set(statuses()) == {"open"}
    assert not DeadLetterOperation.objects.exists()
    submit(operator, other, {"start": ""})

    assert DeadLetterOperation.objects.get().verb == "archive"


def test_a_filter_that_means_nothing_cannot_be_started(operator: Client, dead_letters: list[int]) -> None:
    counted = operator.post(
        reverse(MANY_DEAD_LETTERS), {"verb": "discard", "topic": "elsewhere", "reason": "x", "count": ""}
    )
    assert 'name="start"' not in counted.content.decode()
    submit(operator, counted, {"start": ""})

    assert not DeadLetterOperation.objects.exists()


def test_a_failure_group_leads_to_a_form_that_has_counted_it_already(operator: Client, dead_letters: list[int]) -> None:
    group = DeadLetter.objects.earliest("pk").failure_group

    page = operator.get(reverse(MANY_DEAD_LETTERS), {"failure_group": group, "verb": "retry"})

    assert page.context["counted"] == 3
    submit(operator, page, {"reason": "mended", "start": ""})
    assert set(statuses()) == {"retrying"}


def test_dead_rows_of_one_topic_are_retried_at_once(
    operator: Client, dead_rows: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "CHUNK", 1)
    topic = OutboxEvent.objects.get(pk=dead_rows[0]).topic
    OutboxEvent.objects.filter(pk=dead_rows[1]).update(dead_at=None, next_attempt_at=NOW)
    url = reverse(MANY_ROWS)

    asked = operator.post(url, {"verb": "retry", "topic": topic, "count": ""})
    assert asked.context["counted"] == 2
    assert submit(operator, asked, {"start": ""}).context["form"].errors == {"reason": ["Say why."]}
    done = submit(operator, asked, {"reason": "the broker is back", "start": ""})

    assert done.headers["Location"] == f"{reverse(ROWS)}?topic={topic}"
    assert [row.state for row in OutboxEvent.objects.order_by("pk")] == ["pending", "pending", "dead"]
    assert {act.reason for act in OutboxAction.objects.all()} == {"the broker is back"}


def test_rows_beyond_the_most_of_one_go_are_left_and_said(
    operator: Client, dead_rows: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows.OutboxEventAdmin, "bulk_max", 2)
    body = {"verb": "discard", "event_type": "note.taken", "reason": "meaningless"}

    counted = operator.post(reverse(MANY_ROWS), body | {"count": ""})
    assert "3 outbox events would be dealt with, 2 at a time" in re.sub("<[^>]*>", "", counted.content.decode())
    assert "Discard 2" in counted.content.decode()
    done = submit(operator, counted, {"start": ""})

    assert [row.state for row in OutboxEvent.objects.order_by("pk")] == ["discarded", "discarded", "dead"]
    assert "1 more" in operator.get(done.headers["Location"]).content.decode()


@pytest.mark.parametrize("url", [MANY_DEAD_LETTERS, MANY_ROWS])
def test_a_viewer_cannot_act_on_many(dead_letters: list[int], url: str) -> None:
    viewer = client_of("view_outboxevent", "view_deadletter")

    assert viewer.get(reverse(url)).status_code == 403
    assert viewer.post(reverse(url), {"verb": "discard", "topic": "t", "start": ""}).status_code == 403
