"""Consumer control in the console: groups show their lag, and are paused, drained and resumed by those who may."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from outbox.admin.consumers import consumer_url
from outbox.api import ConsumerGroup, Handler
from outbox.bus.base import PartitionLag
from outbox.consumers.control import decisions as flow
from outbox.consumers.control import scope as steering
from outbox.consumers.control import states as group_states
from outbox.consumers.control.decisions import Scope
from outbox.exceptions import BrokerUnavailable
from outbox.handling import handlers
from outbox.models import ConsumerControl

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]

LIST = "admin:outbox_consumercontrol_changelist"
NAME = "user_service"
TOPIC = "users"


@pytest.fixture(autouse=True)
def a_group_that_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = Handler(name="none", event_types=["x.happened"], handle=lambda _: None)
    group = ConsumerGroup(name=NAME, topics=[TOPIC], handlers=[handler])
    lags = [
        PartitionLag(topic=TOPIC, partition=0, committed=None, end=1_234, lag=1_234),
        PartitionLag(topic=TOPIC, partition=1, committed=7, end=7, lag=0),
    ]
    monkeypatch.setattr(handlers, "_groups", {NAME: group})
    monkeypatch.setattr(group_states, "lag_of", lambda _: lags)
    monkeypatch.setattr(steering, "partitions_of", lambda _: len(lags))


def client_of(*permissions: str) -> Client:
    user = User.objects.create_user(permissions[0] if permissions else "nobody", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator() -> Client:
    return client_of("change_consumercontrol")


@pytest.fixture
def viewer() -> Client:
    return client_of("view_consumercontrol")


def decide(client: Client, verb: str, **said: Any) -> Any:
    return client.post(consumer_url(NAME), {"verb": verb, "topic": "", "partition": "", "reason": "<disk>"} | said)


def test_groups_are_shown_with_lag_and_partitions(viewer: Client) -> None:
    listed = viewer.get(reverse(LIST)).content.decode()
    shown = viewer.get(consumer_url(NAME))

    assert NAME in listed
    assert "1,234" in listed
    assert "never seen" in listed
    rows = shown.context["partitions"]["rows"]
    assert rows == [[TOPIC, 0, "-", 1_234, 1_234, "open"], [TOPIC, 1, 7, 7, 0, "open"]]
    assert "Decide" not in shown.content.decode()


def test_a_group_is_paused_resumed_and_drained_with_a_reason_that_is_kept(operator: Client) -> None:
    for verb, state in (("pause", "paused"), ("resume", "open"), ("drain", "drained")):
        answer = decide(operator, verb)
        assert answer.status_code == 302
        assert state in operator.get(reverse(LIST)).content.decode()

    assert flow.decisions(NAME).drained
    assert ConsumerControl.objects.get().actor == "change_consumercontrol"
    said = list(LogEntry.objects.order_by("pk").values_list("object_id", "change_message", "user__username"))
    assert said == [(NAME, f"{verb} {NAME}: <disk>", "change_consumercontrol") for verb in ("Pause", "Resume", "Drain")]
    page = operator.get(consumer_url(NAME)).content.decode()
    assert "&lt;disk&gt;" in page
    assert "<disk>" not in page
    assert LogEntry.objects.latest("pk").get_admin_url() == consumer_url(NAME)


def test_a_partition_is_held_alone_and_its_row_offers_to_resume_it(operator: Client) -> None:
    decide(operator, "pause", topic=TOPIC, partition="1")

    assert flow.decisions(NAME).holds((TOPIC, 1))
    assert not flow.decisions(NAME).holds((TOPIC, 0))
    page = operator.get(consumer_url(NAME))
    assert [row[5] for row in page.context["partitions"]["rows"]] == ["open", "held"]
    assert f"verb=resume&amp;topic={TOPIC}&amp;partition=1" in page.content.decode()


def test_the_history_of_a_group_tells_what_was_decided_anywhere(viewer: Client) -> None:
    flow.drain(NAME, actor="alice", reason="broker work")
    flow.resume(Scope(consumer=NAME), actor="bob", reason="done")
    flow.pause(Scope(consumer=NAME, topic=TOPIC, partition=1), actor="carol", reason="a disk is full")

    rows = viewer.get(consumer_url(NAME)).context["history"]["rows"]

    assert [row[:4] for row in rows] == [
        ["Pause", f"{TOPIC}[1]", "a disk is full", "carol"],
        ["Resume", "all", "done", "bob"],
        ["Drain", "all", "broker work", "alice"],
    ]


def test_a_pause_of_a_drained_group_is_refused_with_who_drained_it(operator: Client) -> None:
    flow.drain(NAME, actor="alice", reason="broker work")

    answer = decide(operator, "pause")

    assert "alice" in str(answer.context["form"].errors["verb"])
    assert flow.decisions(NAME).drained
    assert not LogEntry.objects.exists()


def test_what_still_holds_a_resumed_part_is_said(operator: Client) -> None:
    decide(operator, "pause")
    decide(operator, "resume", topic=TOPIC)

    assert "still held by" in operator.get(reverse(LIST)).content.decode()
    assert flow.decisions(NAME).is_paused


@pytest.mark.parametrize(
    ("verb", "said", "field"),
    [
        ("pause", {"reason": ""}, "reason"),
        ("pause", {"partition": "1"}, "topic"),
        ("pause", {"topic": "not-consumed"}, "topic"),
        ("pause", {"topic": "\0"}, "topic"),
        ("pause", {"topic": TOPIC, "partition": "-1"}, "partition"),
        ("pause", {"topic": TOPIC, "partition": str(2**31)}, "partition"),
        ("pause", {"topic": TOPIC, "partition": "2"}, "partition"),
        ("drain", {"topic": TOPIC}, "topic"),
        ("explode", {}, "verb"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(
    operator: Client, verb: str, said: dict[str, str], field: str
) -> None:
    answer = decide(operator, verb, **said)

    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {field}
    assert not ConsumerControl.objects.exists()
    assert not LogEntry.objects.exists()


def test_while_the_broker_is_away_a_group_is_seen_and_held(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_: ConsumerGroup) -> list[PartitionLag]:
        raise BrokerUnavailable("away")

    monkeypatch.setattr(group_states, "lag_of", ask)
    decide(operator, "pause")

    for page in (reverse(LIST), consumer_url(NAME)):
        text = operator.get(page).content.decode()
        assert group_states.UNREACHABLE in text
        assert "paused" in text


def test_who_may_only_look_decides_nothing(viewer: Client) -> None:
    assert decide(viewer, "pause").status_code == 403
    assert not ConsumerControl.objects.exists()


def test_one_without_permission_sees_nothing() -> None:
    client = client_of()
    assert client.get(reverse(LIST)).status_code == 403
    assert client.get(consumer_url(NAME)).status_code == 403
    assert decide(client, "pause").status_code == 403


@pytest.mark.parametrize("path", ["nobody/change/", "_00/change/", "%00/change/", "x/history/", "x/delete/", "add/"])
def test_odd_addresses_are_no_fault_of_the_server(operator: Client, path: str) -> None:
    assert operator.get(f"{reverse(LIST)}{path}").status_code in {302, 403, 404}
    assert operator.get(consumer_url(NAME), {"verb": "x", "topic": "\0", "partition": "y"}).status_code == 200
