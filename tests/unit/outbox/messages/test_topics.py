"""Topic routing: each event type has its topic, and each topic its partitions and key."""

from typing import Any

import pytest
from msgspec import Struct, structs

from events.api import event
from outbox.conf import outbox_conf
from outbox.exceptions import TopicNameTaken
from outbox.messages.topics import (
    Difference,
    choose_topic,
    differences,
    known_topics,
    names_in_code,
    routes,
    spec_of,
    topic_of,
    topics_of,
)
from outbox.recorder import SHARDS, shard_of
from tests.support.versions import own_registry

CONF = structs.replace(outbox_conf(), topic_prefix="nova")


@pytest.fixture(autouse=True)
def _named_by_settings(settings: Any) -> None:
    settings.KAFKA_IDENTITY_EVENTS_TOPIC = "who"
    settings.KAFKA_MEDIA_EVENTS_TOPIC = "what"
    settings.KAFKA_MESSAGE_EVENTS_TOPIC = "said"


@pytest.mark.parametrize(
    ("event_type", "aggregate_type", "topic"),
    [
        ("content.post.created", "post", "nova.content.events"),
        ("identity.user.created", "user", "who"),
        ("media.upload.completed", "upload", "what"),
        ("message.persisted", "conversation", "said"),
        ("post.created", "post", "nova.post.events"),
        ("user.followed", "user", "nova.user.events"),
        ("contents.listed", "box", "nova.box.events"),
        ("receipt", "receipt", "nova.receipt.events"),
    ],
)
def test_families_have_a_topic_and_all_others_that_of_their_aggregate_type(
    event_type: str, aggregate_type: str, topic: str
) -> None:
    assert topic_of(event_type, aggregate_type, conf=CONF) == topic


def test_the_content_topic_has_six_partitions_the_other_services_three_and_new_ones_six() -> None:
    partitions = {spec.name: spec.partitions for spec in known_topics(conf=CONF)}

    assert partitions["nova.content.events"] == 6
    assert [partitions[name] for name in ("who", "what", "said")] == [3, 3, 3]
    assert spec_of("nova.box.events", conf=CONF).partitions == 6


def test_a_key_has_the_same_shard_in_every_process() -> None:
    assert [shard_of(key) for key in ("", "a", "case-9289", "\U0001f600")] == [0, 3, 38, 4]
    assert all(0 <= shard_of(str(n)) < SHARDS for n in range(1000))


def test_a_type_goes_to_the_topic_that_it_is_registered_with() -> None:
    class BoxOpened(Struct, frozen=True):
        box_id: str

    with own_registry():
        event("post.box.opened", owner="tests", topic="boxes.of.pandora", key="box_id")(BoxOpened)

        assert topic_of("post.box.opened", "box", conf=CONF) == "boxes.of.pandora"
        assert topic_of("post.box.closed", "box", conf=CONF) == "nova.post.events"
        assert "boxes.of.pandora" in {spec.name for spec in known_topics(conf=CONF)}


def test_settings_give_a_topic_another_number_of_partitions() -> None:
    conf = structs.replace(CONF, topic_partitions={"nova.content.events": 12, "nova.box.events": 2})

    assert {spec.name: spec.partitions for spec in known_topics(conf=conf)}["nova.content.events"] == 12
    assert spec_of("nova.box.events", conf=conf).partitions == 2


def test_the_routing_table_names_topic_and_key_of_each_type() -> None:
    table = {route.event_type: (route.topic, route.key) for route in routes(conf=CONF)}

    assert table["content.post.created"] == ("nova.content.events", "post_id")
    assert table["identity.user.created"] == ("who", "user_id")
    assert table["media.upload.completed"] == ("what", "upload_id")
    assert table["message.persisted"] == ("said", "conversation_id")
    assert table["order.created"] == ("nova.order.events", "order_id")
    assert table["stream.closed"][1] == "aggregate_id"


def existing_topics(**changes: int | None) -> dict[str, int]:
    there = {spec.name: spec.partitions for spec in known_topics(conf=CONF)}
    there |= {"somebody.else": 1}
    for name, partitions in changes.items():
        there.pop(name, None)
        if partitions is not None:
            there[name] = partitions
    return there


def test_a_broker_that_has_what_is_wanted_does_not_differ() -> None:
    there = existing_topics(**{"nova.order.events": 6, "nova.box.events": 6})

    assert differences(there, used={"nova.box.events"}, conf=CONF) == []


def test_what_is_missing_too_much_or_of_another_size_differs() -> None:
    there = existing_topics(**{"who": None, "what": 5, "nova.order.events": 1, "nova.stray": 1})

    found = differences(there, used=(), conf=CONF)

    assert found == [
        Difference(topic="nova.order.events", wanted=6, found=1),
        Difference(topic="nova.stray", wanted=None, found=1),
        Difference(topic="what", wanted=3, found=5),
        Difference(topic="who", wanted=3, found=None),
    ]
    assert [str(one) for one in found] == [
        "nova.order.events: 1 partitions, 6 wanted",
        "nova.stray: nothing is routed there",
        "what: 5 partitions, 3 wanted",
        "who: missing, 3 partitions wanted",
    ]


def test_what_shares_a_topic_is_routed_there() -> None:
    there = existing_topics(**{"nova.other.events": 6})

    assert differences(there, used=(), conf=CONF) == []


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("nova.box_lid.events", "nova.box.lid.events"),
        ("nova.box.lid_events", "nova.box.lid.events"),
        ("nova.content_events", "nova.content.events"),
        # Owned by a service.
        ("nova.user_events", "nova.user.events"),
        ("nova.other_events", "nova.other.events"),
        ("nova_dead-letters", "nova.dead-letters"),
    ],
)
def test_a_topic_that_differs_in_dots_and_underscores_only_is_refused(name: str, other: str) -> None:
    with pytest.raises(TopicNameTaken) as raised:
        choose_topic(name, taken={"nova.box.lid.events"}, conf=CONF)

    assert (raised.value.name, raised.value.other, raised.value.pointer) == (name, other, "/aggregate_type")


@pytest.mark.parametrize("name", ["nova.Box.lid.events", "nova.box-lid.events", "nova.box.lid.events", "nova.a.events"])
def test_a_topic_that_differs_in_anything_else_is_another_one(name: str) -> None:
    assert choose_topic(name, taken={"nova.box.lid.events"}, conf=CONF) == name


def test_topics_beyond_the_bound_are_one() -> None:
    conf = structs.replace(CONF, max_topics=2)

    assert choose_topic("nova.b.events", taken={"nova.a.events"}, conf=conf) == "nova.b.events"
    taken = {"nova.a.events", "nova.b.events"}
    # Also what would be refused as a topic of its own.
    assert [choose_topic(name, taken=taken, conf=conf) for name in ("nova.c.events", "nova.content_events")] == [
        "nova.other.events",
        "nova.other.events",
    ]


def test_who_wants_a_type_that_no_code_names_listens_where_it_may_go() -> None:
    assert topics_of(["box.opened"], conf=CONF) == ("nova.box.events", "nova.other.events")
    # Registered, of a family, owned by a service: these go where the code says.
    assert topics_of(["order.created", "post.renamed", "user.waved"], conf=CONF) == (
        "nova.order.events",
        "nova.post.events",
        "nova.user.events",
    )


def test_the_names_in_code_are_those_that_are_routed_to_and_of_owned_aggregates() -> None:
    conf = outbox_conf()

    names = names_in_code(conf)

    assert {spec.name for spec in known_topics(conf=conf)} <= set(names)
    assert {route.topic for route in routes(conf=conf)} <= set(names)
    assert f"{conf.topic_prefix}.made_up.events" not in names
