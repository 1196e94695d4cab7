"""Does the outbox keep the face that others rely on?"""

from typing import Any

import pytest

from outbox import api
from outbox.checks import brokers_and_topics_are_sound, numbers_are_in_range

EXPORTED = """
EVERYTHING Bus Check ConsumerGroup DeliveryFailure Failure Handler HintListener IncomingMessage KafkaBus Loop MemoryBus
OutboxError OutgoingMessage Poisonous Pulse QueueCollector ReceivedEvent RetryPolicy Stopped Subscription Tempo
TopicSpec UnknownGroup UnknownRunner announce_append checks discard_dead_letters discard_outbox_rows group_named
is_outage known_topics own_connection record register_collectors register_groups register_runner registered_groups
relay_runner retry_dead_letters retry_outbox_rows runner_name take_effect topic_of
Service commands_from keep_foreign_events listeners_of owner_of register_services registered_services service_named
"""


def test_the_public_names_are_these() -> None:
    assert sorted(api.__all__) == sorted(EXPORTED.split())
    assert all(hasattr(api, name) for name in api.__all__)


def test_the_settings_of_the_tests_are_sound() -> None:
    assert brokers_and_topics_are_sound() + numbers_are_in_range() == []


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("KAFKA_BROKERS", "", "outbox.E001"),
        ("KAFKA_BROKERS", "a b:1", "outbox.E001"),
        ("KAFKA_TOPIC_PREFIX", "a/b", "outbox.E002"),
        ("KAFKA_MEDIA_EVENTS_TOPIC", "..", "outbox.E003"),
        ("NOVA_RELAY_BATCH", 0, "outbox.E004"),
        ("NOVA_BEAT_INTERVAL", 6, "outbox.E004"),
    ],
)
def test_bad_settings_are_named(settings: Any, setting: str, value: object, problem: str) -> None:
    setattr(settings, setting, value)

    assert [found.id for found in brokers_and_topics_are_sound() + numbers_are_in_range()] == [problem]
