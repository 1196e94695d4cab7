"""Which topic does an event go to?"""

import pytest
from msgspec import Struct, structs

from events.api import event
from outbox.conf import outbox_conf
from outbox.record import SHARDS, shard_of
from outbox.topics import known_topics, spec_of, topic_of
from tests.support.versions import own_registry

CONF = structs.replace(
    outbox_conf(), topic_prefix="nova", identity_topic="who", media_topic="what", message_topic="said"
)


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
