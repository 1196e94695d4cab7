"""Outbox in the console: an operator finds rows and dead letters and acts on them, within their rights."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from events.api import set_on_append
from events.store.hooks import on_append
from outbox.api import ConsumerGroup, IncomingMessage, record, retry_dead_letters
from outbox.dead_letters.store import store_dead_letter
from outbox.models import DeadLetter, DeadLetterOperation, OutboxAction, OutboxEvent
from tests.support.console import client_of, operator_client, submit
from tests.support.outbox import take_notes

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def some_rows(db: None, redis_url: str) -> Any:
    before = on_append()
    set_on_append(record)
    take_notes("a", 1, 2, 3, 4)
    OutboxEvent.objects.filter(version=1).update(published=True, published_at=NOW)
    OutboxEvent.objects.filter(version=2).update(dead_at=NOW, retry_count=9, last_error="<no>")
    OutboxEvent.objects.filter(version=3).update(next_attempt_at=NOW, retry_count=1)
    for offset, body in enumerate((b'{"<b>": 1}', b"\xff\x00", b'["\\ud800"]')):
        message = IncomingMessage(
            topic="t",
            partition=0,
            offset=offset,
            key=b"\xff",
            body=body,
            headers=(("event_type", b"x.happened"), ("odd", b"\xff")),
            timestamp=None,
        )
        store_dead_letter(ConsumerGroup(name="g", topics=[], handlers=[]), message, ValueError("<no>"), attempts=1)
    yield
    set_on_append(before)


@pytest.fixture
def operator() -> Client:
    return operator_client()


@pytest.fixture
def viewer() -> Client:
    return client_of("view_outboxevent", "view_deadletter")


ROWS = "admin:outbox_outboxevent_changelist"
DEAD_LETTERS = "admin:outbox_deadletter_changelist"


@pytest.mark.parametrize("state", ["published", "pending", "waiting", "dead", "discarded"])
def test_rows_are_found_by_state(viewer: Client, state: str) -> None:
    answer = viewer.get(reverse(ROWS), {"state": state})

    assert answer.status_code == 200
    assert len(answer.context["cl"].result_list) == (0 if state == "discarded" else 1)


def test_rows_are_found_by_event_id_aggregate_id_topic_and_type(viewer: Client) -> None:
    row = OutboxEvent.objects.get(version=2)

    def found(**query: str) -> int:
        return len(viewer.get(reverse(ROWS), query).context["cl"].result_list)

    assert found(q=str(row.event_id)) == 1
    assert found(q="a") == 4
    assert found(q="b") == 0
    assert found(q="\0", topic="\0") == 4
    assert found(topic=row.topic) == 4
    assert found(event_type="note.taken") == 4


def test_a_row_and_a_dead_letter_are_shown_whatever_is_in_them(viewer: Client) -> None:
    for name, objects in (("outboxevent", OutboxEvent.objects.all()), ("deadletter", DeadLetter.objects.all())):
        for shown in objects:
            answer = viewer.get(reverse(f"admin:outbox_{name}_change", args=[shown.pk]))
            assert answer.status_code == 200
            assert b"<no>" not in answer.content
            assert b'name="_save"' not in answer.content


def test_an_operator_retries_dead_and_waiting_rows_and_no_others(operator: Client) -> None:
    everything = list(OutboxEvent.objects.values_list("pk", flat=True))
    chosen = {"action": "retry", "_selected_action": everything}

    asked = operator.post(reverse(ROWS), chosen)
    assert "reason" in asked.context["form"].fields
    assert OutboxEvent.objects.dead().exists()
    operator.post(reverse(ROWS), chosen | {"reason": "the broker is back"})

    states = {row.version: (row.published, row.retry_count, row.dead_at) for row in OutboxEvent.objects.all()}
    assert states == {1: (True, 0, None), 2: (False, 0, None), 3: (False, 0, None), 4: (False, 0, None)}
    assert OutboxEvent.objects.get(version=3).next_attempt_at is None
    assert {entry.change_message for entry in LogEntry.objects.all()} == {"Retry: the broker is back"}
    assert LogEntry.objects.count() == OutboxAction.objects.count() == 2


def test_a_dead_row_is_rerouted_and_the_page_says_who_did_it(operator: Client) -> None:
    row = OutboxEvent.objects.get(version=2)
    url = reverse("admin:outbox_outboxevent_reroute_row", args=[row.pk])

    operator.post(url, {"_form_submitted": "on", "reason": "wrong", "topic": "a b"})
    assert OutboxEvent.objects.dead().exists()
    operator.post(url, {"_form_submitted": "on", "reason": "renamed", "topic": "elsewhere", "partition_key": ""})

    row.refresh_from_db()
    assert (row.topic, row.partition_key, row.state) == ("elsewhere", "a", "pending")
    page = operator.get(reverse("admin:outbox_outboxevent_change", args=[row.pk])).content.decode()
    assert "renamed" in page
    assert "→ elsewhere" in page


def test_what_was_typed_into_a_dialog_that_is_refused_stays_there(operator: Client) -> None:
    row = OutboxEvent.objects.get(version=2)
    url = reverse("admin:outbox_outboxevent_reroute_row", args=[row.pk])
    typed = {"topic": "a b", "partition_key": "k", "reason": "renamed"}

    refused = operator.post(url, typed | {"_form_submitted": "on"})

    form = refused.context["form"]
    assert {name: form[name].value() for name in typed} == typed
    assert list(form.errors) == ["topic"]
    assert [f'value="{value}"' in refused.content.decode() for value in ("a b", "k")] == [True] * 2


def test_a_dead_row_is_discarded_with_a_reason(operator: Client) -> None:
    row = OutboxEvent.objects.get(version=2)
    url = reverse("admin:outbox_outboxevent_discard_row", args=[row.pk])

    operator.post(url, {"_form_submitted": "on"})
    assert OutboxEvent.objects.dead().exists()
    operator.post(url, {"_form_submitted": "on", "reason": "meaningless"})

    assert not OutboxEvent.objects.dead().exists()


def test_an_operator_retries_and_discards_dead_letters_with_a_reason(operator: Client) -> None:
    first, second, third = DeadLetter.objects.order_by("pk")

    for verb, dead_letter in (("retry", first), ("discard", second)):
        chosen = {"action": verb, "_selected_action": [dead_letter.pk]}
        assert operator.post(reverse(DEAD_LETTERS), chosen).status_code == 200
        assert operator.post(reverse(DEAD_LETTERS), chosen | {"reason": "mended"}).status_code == 302
    url = reverse("admin:outbox_deadletter_retry_dead_letter", args=[third.pk])
    operator.post(url, {"_form_submitted": "on", "reason": "fixed"})

    assert list(DeadLetter.objects.order_by("pk").values_list("status", flat=True)) == [
        "retrying",
        "discarded",
        "retrying",
    ]
    said = LogEntry.objects.filter(object_id=str(second.pk)).get().change_message
    assert said.startswith("Discard, by operation")
    assert said.endswith("mended")
    assert {operation.actor for operation in DeadLetterOperation.objects.all()} == {"someone"}


def test_an_archived_dead_letter_is_left_out_of_the_list_and_kept(operator: Client) -> None:
    dead_letter = DeadLetter.objects.earliest("pk")
    url = reverse("admin:outbox_deadletter_archive_dead_letter", args=[dead_letter.pk])
    operator.post(url, {"_form_submitted": "on", "reason": "known"})

    def listed(**query: str) -> int:
        return len(operator.get(reverse(DEAD_LETTERS), query).context["cl"].result_list)

    assert (listed(), listed(archived="yes"), listed(archived="any")) == (2, 1, 3)
    assert operator.get(reverse("admin:outbox_deadletter_change", args=[dead_letter.pk])).status_code == 200


def test_a_viewer_sees_failure_groups_without_acting_on_them(viewer: Client) -> None:
    page = viewer.get(reverse("admin:outbox_deadletter_failure_groups"))
    (group,) = page.context["groups"]
    assert group.count == 3
    assert "verb=discard" not in page.content.decode()
    body = {"verb": "discard", "failure_group": group.failure_group, "start": "", "reason": "harmless"}
    assert viewer.post(reverse("admin:outbox_deadletter_operate"), body).status_code in {403, 404}
    assert not DeadLetterOperation.objects.exists()


def test_a_failure_group_is_counted_and_acted_on_as_one(operator: Client) -> None:
    (group,) = operator.get(reverse("admin:outbox_deadletter_failure_groups")).context["groups"]
    url = reverse("admin:outbox_deadletter_operate")
    assert operator.get(url, {"failure_group": group.failure_group, "verb": "discard"}).status_code == 200
    body = {"verb": "discard", "failure_group": group.failure_group}

    counted = operator.post(url, body | {"count": ""})
    assert counted.context["counted"] == 3
    assert submit(operator, counted, {"start": ""}).context["form"].errors == {"reason": ["Say why."]}
    assert operator.post(url, body | {"text": "\0", "count": ""}).status_code == 200
    begun = submit(operator, counted, {"start": "", "reason": "harmless"})

    operation = DeadLetterOperation.objects.get()
    assert begun.headers["Location"] == reverse("admin:outbox_deadletteroperation_change", args=[operation.pk])
    assert (operation.done, operation.reason) == (3, "harmless")


def test_a_dead_letter_is_edited_and_the_copy_and_the_original_lead_to_each_other(operator: Client) -> None:
    dead_letter = DeadLetter.objects.earliest("pk")
    url = reverse("admin:outbox_deadletter_edit_dead_letter", args=[dead_letter.pk])
    assert operator.get(url).status_code == 200

    wrong = operator.post(url, {"body": "[", "event_type": "x.happened", "reason": "mended"})
    assert wrong.context["form"].errors.keys() == {"body"}
    done = operator.post(url, {"body": '{"n": 1}', "event_type": "x.happened", "reason": "mended"})

    copy = DeadLetter.objects.get(edited_from=dead_letter)
    assert done.headers["Location"] == reverse("admin:outbox_deadletter_change", args=[copy.pk])
    assert f"edited copy of dead letter {dead_letter.pk}" in operator.get(done.headers["Location"]).content.decode()
    original = operator.get(reverse("admin:outbox_deadletter_change", args=[dead_letter.pk])).content.decode()
    assert f"Dead letter {copy.pk} is handled in its place" in original
    assert operator.get(reverse("admin:outbox_deadletter_edit_dead_letter", args=[0])).status_code == 404


def test_an_operation_shows_its_progress_leads_to_its_dead_letters_and_is_cancelled(operator: Client) -> None:
    dead_letters = list(DeadLetter.objects.values_list("pk", flat=True))
    operation = retry_dead_letters(*dead_letters, actor="someone", reason="mended")
    page = reverse("admin:outbox_deadletteroperation_change", args=[operation.pk])

    assert "3 to come" in operator.get(page).content.decode()
    for chosen, number in ((operation.pk, 3), (f"{operation.pk}-pending", 3), (f"{operation.pk}-failed", 0), ("x", 3)):
        query = {"archived": "any", "operation": chosen}
        assert len(operator.get(reverse(DEAD_LETTERS), query).context["cl"].result_list) == number
    cancel = reverse("admin:outbox_deadletteroperation_cancel", args=[operation.pk])
    operator.post(cancel, {"_form_submitted": "on", "reason": "too early"})

    assert set(DeadLetter.objects.values_list("status", flat=True)) == {"open"}
    assert "hx-get" not in operator.get(page).content.decode().split('id="operation-progress"')[1].split(">")[0]
    assert operator.get(reverse("admin:outbox_deadletteroperation_changelist")).status_code == 200
    operator.post(cancel, {"_form_submitted": "on", "reason": "again"})


def test_dead_letters_are_grouped_by_failure(viewer: Client) -> None:
    answer = viewer.get(reverse(DEAD_LETTERS))

    assert "ValueError (3)" in answer.content.decode()
    assert "?:0 in ?" not in answer.content.decode()


def test_a_viewer_changes_nothing(viewer: Client) -> None:
    row, dead_letter = OutboxEvent.objects.get(version=2), DeadLetter.objects.earliest("pk")

    viewer.post(reverse(ROWS), {"action": "retry", "_selected_action": [row.pk], "reason": "because"})
    viewer.post(reverse(DEAD_LETTERS), {"action": "discard", "_selected_action": [dead_letter.pk], "reason": "because"})
    reason = {"_form_submitted": "on", "reason": "because"}
    answers = [
        viewer.post(reverse("admin:outbox_outboxevent_discard_row", args=[row.pk]), reason),
        viewer.post(reverse("admin:outbox_deadletter_retry_dead_letter", args=[dead_letter.pk]), reason),
        viewer.post(
            reverse("admin:outbox_deadletter_edit_dead_letter", args=[dead_letter.pk]), reason | {"body": "{}"}
        ),
        viewer.post(reverse("admin:outbox_outboxevent_reroute_row", args=[row.pk]), reason | {"topic": "x"}),
        viewer.post(reverse("admin:outbox_outboxevent_change", args=[row.pk]), {"topic": "other"}),
    ]

    assert {answer.status_code for answer in answers} == {403}
    row.refresh_from_db()
    dead_letter.refresh_from_db()
    assert row.dead_at is not None
    assert dead_letter.status == DeadLetter.Status.OPEN


def test_one_without_permission_sees_nothing() -> None:
    assert client_of().get(reverse(ROWS)).status_code == 403
