"""What does an operator see and do, and who may?"""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from events.api import set_on_append
from events.store.hooks import on_append
from outbox.api import ConsumerGroup, IncomingMessage, record
from outbox.dead_letters import bury
from outbox.models import DeadLetter, OutboxEvent
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
        bury(ConsumerGroup(name="g", topics=[], handlers=[]), message, ValueError("<no>"), attempts=1)
    yield
    set_on_append(before)


def client_of(*permissions: str) -> Client:
    user = User.objects.create_user("someone", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator() -> Client:
    return client_of("view_outboxevent", "change_outboxevent", "view_deadletter", "change_deadletter")


@pytest.fixture
def viewer() -> Client:
    return client_of("view_outboxevent", "view_deadletter")


ROWS = "admin:outbox_outboxevent_changelist"
LETTERS = "admin:outbox_deadletter_changelist"


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


def test_a_row_and_a_letter_are_shown_whatever_is_in_them(viewer: Client) -> None:
    for name, objects in (("outboxevent", OutboxEvent.objects.all()), ("deadletter", DeadLetter.objects.all())):
        for shown in objects:
            answer = viewer.get(reverse(f"admin:outbox_{name}_change", args=[shown.pk]))
            assert answer.status_code == 200
            assert b"<no>" not in answer.content
            assert b'name="_save"' not in answer.content


def test_an_operator_retries_dead_and_waiting_rows_and_no_others(operator: Client) -> None:
    everything = list(OutboxEvent.objects.values_list("pk", flat=True))

    operator.post(reverse(ROWS), {"action": "retry", "_selected_action": everything})

    states = {row.version: (row.published, row.retry_count, row.dead_at) for row in OutboxEvent.objects.all()}
    assert states == {1: (True, 0, None), 2: (False, 0, None), 3: (False, 0, None), 4: (False, 0, None)}
    assert OutboxEvent.objects.get(version=3).next_attempt_at is None


def test_a_dead_row_is_discarded_with_a_reason(operator: Client) -> None:
    row = OutboxEvent.objects.get(version=2)
    url = reverse("admin:outbox_outboxevent_discard_row", args=[row.pk])

    operator.post(url, {"_form_submitted": "on"})
    assert OutboxEvent.objects.dead().exists()
    operator.post(url, {"_form_submitted": "on", "reason": "meaningless"})

    assert not OutboxEvent.objects.dead().exists()


def test_an_operator_retries_and_discards_letters(operator: Client) -> None:
    first, second, third = DeadLetter.objects.order_by("pk")

    operator.post(reverse(LETTERS), {"action": "retry", "_selected_action": [first.pk]})
    operator.post(reverse(LETTERS), {"action": "discard", "_selected_action": [second.pk]})
    url = reverse("admin:outbox_deadletter_retry_letter", args=[third.pk])
    operator.post(url, {"_form_submitted": "on", "reason": "fixed"})

    assert list(DeadLetter.objects.order_by("pk").values_list("status", flat=True)) == [
        "retrying",
        "discarded",
        "retrying",
    ]


def test_letters_are_grouped_by_failure(viewer: Client) -> None:
    answer = viewer.get(reverse(LETTERS))

    assert "ValueError at ?:0 in ? (3)" in answer.content.decode()


def test_a_viewer_changes_nothing(viewer: Client) -> None:
    row, letter = OutboxEvent.objects.get(version=2), DeadLetter.objects.earliest("pk")

    viewer.post(reverse(ROWS), {"action": "retry", "_selected_action": [row.pk]})
    viewer.post(reverse(LETTERS), {"action": "discard", "_selected_action": [letter.pk]})
    reason = {"_form_submitted": "on", "reason": "because"}
    answers = [
        viewer.post(reverse("admin:outbox_outboxevent_discard_row", args=[row.pk]), reason),
        viewer.post(reverse("admin:outbox_deadletter_retry_letter", args=[letter.pk]), reason),
        viewer.post(reverse("admin:outbox_outboxevent_change", args=[row.pk]), {"topic": "other"}),
    ]

    assert {answer.status_code for answer in answers} == {403}
    row.refresh_from_db()
    letter.refresh_from_db()
    assert row.dead_at is not None
    assert letter.status == DeadLetter.Status.OPEN


def test_one_without_permission_sees_nothing() -> None:
    assert client_of().get(reverse(ROWS)).status_code == 403
