"""An operator says title and limits of a stream, archives, restores and closes it: with a reason, if permitted."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from events.api import (
    StreamTombstoned,
    append_events,
    archive_stream,
    get_stream_metadata,
    set_stream_metadata,
)
from events.envelope import StreamId
from events.models import DomainEvent, StreamMetadata
from tests.support.events import new_event

pytestmark = pytest.mark.usefixtures("redis_url", "db")

STREAM = StreamId("post", "p1")
VERBS = ("archive", "restore")
LIST = "admin:events_streammetadata_changelist"


def client_of(*permissions: str) -> Client:
    user = User.objects.create_user("someone", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def a_stream(db: None) -> None:
    append_events(STREAM, 0, [new_event(), new_event()])
    set_stream_metadata(STREAM, title="Old", actor="ann")


@pytest.fixture
def operator() -> Client:
    return client_of("view_streammetadata", "change_streammetadata", "view_domainevent")


def history() -> list[str]:
    return list(LogEntry.objects.order_by("id").values_list("change_message", flat=True))


def offered(client: Client) -> tuple[bool, bool]:
    """Whether archiving is offered, and whether restoring is."""
    stream = StreamMetadata.objects.get().pk
    page = client.get(reverse("admin:events_streammetadata_change", args=[stream])).content.decode()
    archive, restore = (reverse(f"admin:events_streammetadata_{verb}_this", args=[stream]) for verb in VERBS)
    return archive in page, restore in page


def dialog(client: Client, verb: str, **fields: str) -> Any:
    address = reverse(f"admin:events_streammetadata_{verb}", args=[StreamMetadata.objects.get().pk])
    return client.post(address, fields | {"_form_submitted": "on"}) if fields else client.get(address)


def test_title_and_limits_are_edited_from_what_they_are(operator: Client) -> None:
    assert 'value="Old"' in dialog(operator, "edit").content.decode()
    with capture_logs() as logs:
        answer = dialog(operator, "edit", title="New", max_age="30 00:00:00", max_count="1", reason="tidied up")
    assert answer.headers["HX-Redirect"] == reverse(
        "admin:events_streammetadata_change", args=[StreamMetadata.objects.get().pk]
    )
    said = get_stream_metadata(STREAM)
    assert (said.title, said.max_age, said.max_count, said.updated_by) == ("New", timedelta(30), 1, "someone")
    assert [(entry["event"], entry["reason"]) for entry in logs if "reason" in entry] == [
        ("stream described", "tidied up")
    ]
    dialog(operator, "edit", title="", max_age="", max_count="", reason="x")
    said = get_stream_metadata(STREAM)
    assert (said.title, said.max_age, said.max_count) == (None, None, None)


@pytest.mark.parametrize(
    "wrong", [{"max_age": "-1 00:00:00"}, {"max_age": "soon"}, {"max_count": "0"}, {"title": "x" * 256}, {"reason": ""}]
)
def test_what_cannot_be_said_is_explained(operator: Client, wrong: dict[str, str]) -> None:
    answer = dialog(operator, "edit", **({"title": "New", "reason": "x"} | wrong))
    assert answer.status_code == 200
    assert "text-red-600" in answer.content.decode()
    assert get_stream_metadata(STREAM).title == "Old"


def test_a_stream_of_which_nothing_was_said_is_described_from_its_event(operator: Client) -> None:
    other = StreamId("post", "p2")
    append_events(other, 0, [new_event()])
    event = DomainEvent.objects.get(aggregate_id="p2")
    address = reverse("admin:events_domainevent_describe_stream", args=[event.pk])
    assert operator.get(address).status_code == 200
    assert not StreamMetadata.objects.filter(aggregate_id="p2").exists()
    operator.post(address, {"title": "Second", "reason": "x", "_form_submitted": "on"})
    assert get_stream_metadata(other).title == "Second"


def test_a_stream_is_archived_and_restored_with_a_reason(operator: Client) -> None:
    dialog(operator, "archive_this", reason="done with")
    said = get_stream_metadata(STREAM)
    assert (said.archived_at is not None, said.reason, said.updated_by) == (True, "done with", "someone")
    dialog(operator, "restore_this", reason="not yet")
    assert (get_stream_metadata(STREAM).archived_at, get_stream_metadata(STREAM).reason) == (None, "not yet")


def test_several_streams_are_archived_with_a_reason(operator: Client) -> None:
    def act(reason: str) -> str:
        ids = [StreamMetadata.objects.get().pk]
        fields = {"action": "archive", "_selected_action": ids, "reason": reason}
        return str(operator.post(reverse(LIST), fields, follow=True).content.decode())

    asked = act("")
    assert "This field is required" in asked
    assert f'name="_selected_action" value="{StreamMetadata.objects.get().pk}"' in asked
    assert get_stream_metadata(STREAM).archived_at is None
    assert "1 streams were archived" in act("done with")
    assert get_stream_metadata(STREAM).reason == "done with"
    assert history() == ["Archived: done with"]


def test_what_was_done_to_a_stream_and_why_stays_in_its_history(operator: Client) -> None:
    dialog(operator, "edit", title="New", reason="tidied up")
    dialog(operator, "archive_this", reason="done with")
    dialog(operator, "restore_this", reason="not yet")
    dialog(operator, "tombstone", reason="wrong", name="post/p1")
    page = operator.get(reverse("admin:events_streammetadata_history", args=[StreamMetadata.objects.get().pk]))
    assert history() == [
        *("Title and limits set: tidied up", "Archived: done with", "Restored: not yet", "Tombstoned: wrong")
    ]
    assert "4 entries" in " ".join(page.content.decode().split())


def test_what_is_so_already_is_not_offered(operator: Client) -> None:
    assert offered(operator) == (True, False)
    dialog(operator, "archive_this", reason="done with")
    assert offered(operator) == (False, True)


def test_closing_for_ever_wants_the_streams_name(operator: Client) -> None:
    page = dialog(operator, "tombstone", reason="wrong", name="post/p2").content.decode()
    assert "Type post/p1 to confirm" in page
    assert get_stream_metadata(STREAM).tombstoned_at is None
    dialog(operator, "tombstone", reason="wrong", name="post/p1")
    with pytest.raises(StreamTombstoned, match="wrong"):
        append_events(STREAM, 3, [new_event()])


@pytest.mark.parametrize("verb", ["edit", "archive_this", "restore_this", "tombstone"])
def test_whoever_only_looks_cannot(verb: str) -> None:
    client = client_of("view_streammetadata", "view_domainevent")
    assert dialog(client, verb, reason="x", name="post/p1", title="New").status_code == 403
    event = DomainEvent.objects.first()
    assert event is not None
    address = reverse("admin:events_domainevent_describe_stream", args=[event.pk])
    assert client.post(address, {"title": "New", "reason": "x"}).status_code == 403
    assert get_stream_metadata(STREAM).title == "Old"
    archive_stream(STREAM, reason="in Python one may")
