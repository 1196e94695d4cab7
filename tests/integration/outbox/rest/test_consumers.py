"""Whatever an operator can decide about consumers, a program can decide over HTTP, also while the broker is away."""

import json

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as run
from hypothesis import strategies as st

from outbox.api import ConsumerGroup, Handler, KafkaBus, TopicSpec, register_groups
from outbox.bus.no_offsets import LAG_UNSUPPORTED
from outbox.consumers.control import decisions as flow
from outbox.consumers.control import scope as steering
from outbox.consumers.control import states as group_states
from outbox.exceptions import BrokerUnavailable
from outbox.handling import handlers
from outbox.models import ConsumerControl
from outbox.signals.heartbeats import beat, consumer_name
from tests.support.outbox import produce, unique
from tests.support.problems import assert_problem

API = "/api/v1/consumers"
JSON = "application/json"
WHY = {"reason": "a disk is full"}


@pytest.fixture
def group(db, monkeypatch):
    """The only group; it consumes one topic by name, and others by pattern."""
    monkeypatch.setattr(handlers, "_groups", {})
    handler = Handler(name="none", event_types=["x.happened"], handle=lambda _: None)
    made = ConsumerGroup(name=unique("group"), topics=[unique("topic"), r"^shared\..*"], handlers=[handler])
    register_groups([made])
    return made


@pytest.fixture
def broker_is_away(monkeypatch):
    """Counts how often it was asked."""
    asked = []

    def ask(what):
        asked.append(getattr(what, "name", what))
        raise BrokerUnavailable("away")

    monkeypatch.setattr(group_states, "lag_of", ask)
    monkeypatch.setattr(steering, "partitions_of", ask)
    return asked


@pytest.fixture
def without_broker(monkeypatch):
    """A broker that knows no topic."""
    monkeypatch.setattr(group_states, "lag_of", lambda _: [])
    monkeypatch.setattr(steering, "partitions_of", lambda _: None)


def post(caller, path, body=WHY):
    return caller.post(f"{API}/{path}", body, content_type=JSON)


def test_groups_are_listed_with_members_and_lag_of_each_partition(caller, group, kafka_brokers, settings):
    settings.KAFKA_BROKERS = kafka_brokers
    (topic, _) = group.topics
    bus = KafkaBus(kafka_brokers)
    bus.ensure_topics([TopicSpec(name=topic, partitions=2)])
    bus.close()
    produce(kafka_brokers, topic, *((b"k", b"{}", {"event_type": b"x.happened"}) for _ in range(3)))
    beat(connection, consumer_name(group.name))

    (listed,) = caller.get(API).json()["items"]
    shown = caller.get(f"{API}/{group.name}").json()

    assert (listed["name"], listed["state"], listed["lag"], listed["lag_unknown"]) == (group.name, "open", 3, None)
    assert (listed["members_alive"], listed["healthy"], listed["controls"]) == (1, True, [])
    partitions = [one for one in shown["partitions"] if one["topic"] == topic]
    assert [one["partition"] for one in partitions] == [0, 1]
    assert {one["committed"] for one in partitions} == {None}
    assert sorted((one["end"], one["lag"]) for one in partitions) == [(0, 0), (3, 3)]


@pytest.mark.usefixtures("without_broker")
def test_a_pause_holds_is_shown_with_who_and_why_and_is_taken_back(caller, group):
    paused = post(caller, f"{group.name}/pause").json()
    assert (paused["state"], paused["name"]) == ("paused", group.name)
    assert flow.decisions(group.name).is_paused

    (control,) = caller.get(f"{API}/{group.name}").json()["controls"]
    assert (control["verb"], control["topic"], control["partition"]) == ("pause", None, None)
    assert (control["actor"], control["reason"]) == ("caller", "a disk is full")

    assert post(caller, f"{group.name}/resume").json()["state"] == "open"
    assert not ConsumerControl.objects.exists()


@pytest.mark.usefixtures("without_broker")
def test_a_topic_and_a_partition_are_held_and_what_is_about_more_still_holds_them(caller, group):
    topic = group.topics[0]
    assert (
        post(caller, f"{group.name}/pause", WHY | {"topic": topic, "partition": 1}).json()["state"] == "partly_paused"
    )
    assert flow.decisions(group.name).holds((topic, 1))
    assert not flow.decisions(group.name).holds((topic, 0))

    post(caller, f"{group.name}/pause", WHY | {"topic": topic})
    resumed = post(caller, f"{group.name}/resume", WHY | {"topic": topic, "partition": 1}).json()

    assert [(held["topic"], held["partition"]) for held in resumed["still_held_by"]] == [(topic, None)]
    assert flow.decisions(group.name).holds((topic, 1))
    assert post(caller, f"{group.name}/pause", WHY | {"topic": "shared.a"}).status_code == 200


def test_a_drain_is_one_of_a_whole_group_and_ends_with_its_resumption(caller, group):
    assert post(caller, f"{group.name}/drain").json()["state"] == "drained"
    assert flow.decisions(group.name).drained
    assert post(caller, f"{group.name}/resume").json()["controls"] == []
    assert_problem(post(caller, f"{group.name}/drain", WHY | {"topic": group.topics[0]}), 422, "invalid-request")
    assert not ConsumerControl.objects.exists()


@pytest.mark.usefixtures("without_broker")
def test_a_pause_of_a_drained_group_is_refused_and_the_drain_holds(caller, group):
    post(caller, f"{group.name}/drain")

    answer = post(caller, f"{group.name}/pause")

    assert assert_problem(answer, 409, "consumer-drained")["drained_by"] == "caller"
    assert flow.decisions(group.name).drained
    assert post(caller, f"{group.name}/pause", WHY | {"topic": group.topics[0]}).status_code == 200
    assert flow.decisions(group.name).drained


@pytest.mark.usefixtures("without_broker")
def test_what_was_decided_is_told_when_it_holds_no_more(caller, group):
    post(caller, f"{group.name}/drain")
    post(caller, f"{group.name}/resume", {"reason": "done"})

    history = caller.get(f"{API}/{group.name}").json()["history"]

    assert [(one["verb"], one["topic"], one["actor"], one["reason"]) for one in history] == [
        ("resume", None, "caller", "done"),
        ("drain", None, "caller", "a disk is full"),
    ]


def test_a_partition_that_the_topic_does_not_have_is_not_paused(caller, group, kafka_brokers, settings):
    settings.KAFKA_BROKERS = kafka_brokers
    topic = group.topics[0]
    bus = KafkaBus(kafka_brokers)
    bus.ensure_topics([TopicSpec(name=topic, partitions=2)])
    bus.close()

    for partition, status in ((0, 200), (1, 200), (2, 422), (999, 422)):
        assert post(caller, f"{group.name}/pause", WHY | {"topic": topic, "partition": partition}).status_code == status
    settings.NOVA_BUS, settings.RABBITMQ_PARTITIONS = "rabbitmq", 3
    for partition, status in ((2, 200), (3, 422)):
        assert post(caller, f"{group.name}/pause", WHY | {"topic": topic, "partition": partition}).status_code == status


def test_a_partition_is_paused_while_the_broker_is_away(caller, group, broker_is_away):
    part = {"topic": group.topics[0], "partition": 7}
    assert post(caller, f"{group.name}/pause", WHY | part).json()["state"] == "partly_paused"


def test_while_the_broker_is_away_groups_groups_are_seen_and_held_and_it_is_asked_once(caller, group, broker_is_away):
    register_groups([ConsumerGroup(name=unique("other"), topics=["t"], handlers=group.handlers)])
    post(caller, f"{group.name}/pause")

    answer = caller.get(API)

    first, second = answer.json()["items"]
    assert answer.status_code == 200
    assert (first["state"], first["lag"], first["lag_unknown"]) == ("paused", None, group_states.UNREACHABLE)
    assert (second["state"], second["lag"], second["lag_unknown"]) == ("open", None, group_states.UNREACHABLE)
    assert broker_is_away == [group.name]
    assert caller.get(f"{API}/{group.name}").json()["partitions"] is None


def test_the_lag_is_not_known_where_the_bus_is_not_kafka(caller, group, settings):
    settings.NOVA_BUS = "memory"
    (listed,) = caller.get(API).json()["items"]
    assert (listed["lag"], listed["lag_unknown"]) == (None, LAG_UNSUPPORTED)


def test_a_group_that_does_not_exist_is_not_found(caller, group):
    for answer in (
        caller.get(f"{API}/nobody"),
        *(post(caller, f"nobody/{verb}") for verb in ("pause", "resume", "drain")),
    ):
        assert assert_problem(answer, 404, "consumer-not-found")["known"] == [group.name]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"reason": ""}, "/reason"),
        ([], ""),
        (WHY | {"partition": 1}, "/topic"),
        (WHY | {"topic": "not-consumed"}, "/topic"),
        (WHY | {"topic": "a b"}, "/topic"),
        (WHY | {"topic": ""}, "/topic"),
        (WHY | {"topic": "shared.a\n"}, "/topic"),
        (WHY | {"topic": "shared.a", "partition": -1}, "/partition"),
        (WHY | {"topic": "shared.a", "partition": 2**31}, "/partition"),
        (WHY | {"topic": "shared.a", "partition": "1"}, "/partition"),
        (WHY | {"offset": 1}, ""),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_pointer_and_decides_nothing(caller, group, body, pointer):
    for verb in ("pause", "resume"):
        document = assert_problem(post(caller, f"{group.name}/{verb}", body), 422, "invalid-request")
        assert document["errors"][0]["pointer"] == pointer
    assert not ConsumerControl.objects.exists()


def test_to_look_and_to_decide_are_two_scopes(caller_with, group, without_broker):
    reader, operator = caller_with("outbox:read"), caller_with("outbox:operate")
    assert reader.get(API).status_code == 200
    assert_problem(operator.get(API), 403, "insufficient-scope")
    for verb in ("pause", "resume", "drain"):
        assert_problem(post(reader, f"{group.name}/{verb}"), 403, "insufficient-scope")
        assert post(operator, f"{group.name}/{verb}").status_code == 200


@run(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(min_size=1, max_size=20).filter(lambda text: "/" not in text),
    body=st.dictionaries(
        st.sampled_from(["reason", "topic", "partition", "x"]), st.text() | st.integers() | st.none() | st.floats()
    ),
    query=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)
def test_nothing_odd_ends_in_a_5xx(caller, group, without_broker, name, body, query):
    text = json.dumps(body)
    for verb in ("pause", "resume", "drain"):
        for wanted in (group.name, name):
            assert caller.post(f"{API}/{wanted}/{verb}", text, content_type=JSON).status_code < 500
    assert caller.get(f"{API}/{name}", query).status_code < 500
    assert caller.get(API, query).status_code < 500
