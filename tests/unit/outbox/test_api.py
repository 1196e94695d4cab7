"""The public face of the outbox does not change by accident, and bad settings are named."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage

from outbox import api
from outbox.checks import (
    brokers_and_topics_are_sound,
    settings_are_sound,
    the_bus_can_be_reached_as_it_should_be,
)

ROOT = Path(__file__).parents[3]
EXPORTED = """
EVERYTHING Bus Check ConsumerGroup DeliveryFailure Failure Handler WakeupListener IncomingMessage KafkaBus Loop
LagCollector MemoryBus OutboxError OutgoingMessage Poisonous Pulse QueueCollector ReceivedEvent RetryPolicy Stopped
Subscription
Tempo TopicSpec UnknownGroup UnknownRunner announce_append checks discard_dead_letters discard_outbox_rows group_named
is_outage known_topics own_connection record register_collectors register_groups register_runner registered_groups
relay_runner retry_dead_letters retry_outbox_rows runner_name take_effect topic_of
FailureGroup InvalidEdit InvalidRequest InvalidRoute DeadLetterEdit DeadLetterFilter DeadLetterNotFound
DeadLetterNotOpen OperationFinished OperationNotFound RequestIdConflict RowNotDead RowNotFound archive_dead_letters
cancel_operation edit_and_retry failure_groups get_operation reroute_outbox_row start_operation work_off_operations
Service commands_from keep_external_events listeners_of owner_of register_services registered_services service_named
GroupDrained process_counters handles register_handlers Backlog Delivery backlog deliveries
Unsupported configured_bus dead_lettered InvalidArgument after_restore_is_due
as_received gated handle_again have_effect kept_external_events taken_effect unlogged_events
EffectsGated ReplayRefused ReplayStopped replay_events resume_replay
BrokerUnavailable Consumption FoundDeadLetter MessagePlace Publication consumptions_of dead_letter_numbered
dead_letters_of event_id_at outbox_retention place_of publication_of
"""


def test_the_public_names_are_these() -> None:
    assert sorted(api.__all__) == sorted(EXPORTED.split())
    assert all(hasattr(api, name) for name in api.__all__)


def test_the_settings_of_the_tests_are_sound() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("KAFKA_BROKERS", "", "outbox.E001"),
        ("KAFKA_BROKERS", "a b:1", "outbox.E001"),
        ("KAFKA_TOPIC_PREFIX", "a/b", "outbox.E002"),
        ("KAFKA_MEDIA_EVENTS_TOPIC", "..", "outbox.E003"),
        ("NOVA_RELAY_BATCH", 0, "outbox.E004"),
        ("NOVA_BEAT_INTERVAL", 6, "outbox.E004"),
        ("NOVA_METRICS_PORT", 65_536, "outbox.E004"),
        ("NOVA_RELAY_POLICIES", [], "outbox.E014"),
        ("NOVA_RELAY_POLICIES", {"nova.a.events": {"max_retries": -1}}, "outbox.E014"),
        ("NOVA_RELAY_POLICIES", {"nova.a.events": {"max_retry": 1}}, "outbox.E014"),
        ("NOVA_RELAY_POLICIES", {"nova.a.events": {"dead_row": "maybe"}}, "outbox.E014"),
        ("NOVA_RELAY_POLICIES", {"a/b": {}}, "outbox.E014"),
        ("RABBITMQ_PARTITIONS", 0, "outbox.E004"),
        ("NOVA_BUS", "pigeon", "outbox.E007"),
        ("NOVA_BUS", "rabbitmq", "outbox.E009"),
        ("NOVA_MESSAGE_FORMAT", "xml", "outbox.E008"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS", "outbox.E010"),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL", "outbox.E012"),
        ("NOVA_REFUSE_PLAINTEXT_BROKER", True, "outbox.E011"),
        ("KAFKA_TOPIC_PARTITIONS", {"a": 0}, "outbox.E013"),
    ],
)
def test_bad_settings_are_named(settings: Any, setting: str, value: object, problem: str) -> None:
    setattr(settings, setting, value)

    assert [found.id for found in problems()] == [problem]


def problems() -> list[CheckMessage]:
    return [
        *brokers_and_topics_are_sound(),
        *settings_are_sound(),
        *the_bus_can_be_reached_as_it_should_be(),
    ]


RABBITMQ = {"NOVA_BUS": "rabbitmq", "RABBITMQ_URL": "amqp://nova:never-to-be-shown@rabbitmq.example//"}
OVER_TLS = {"RABBITMQ_URL": "amqps://nova:never-to-be-shown@rabbitmq.example//"}
SASL = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "KAFKA_SASL_MECHANISM": "PLAIN",
    "KAFKA_SASL_USERNAME": "nova",
    "KAFKA_SASL_PASSWORD": "never-to-be-shown",
}


@pytest.mark.parametrize(
    ("unencrypted", "encrypted"),
    [
        ({}, {"KAFKA_SECURITY_PROTOCOL": "SSL"}),
        (SASL, {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}),
        (RABBITMQ, OVER_TLS),
    ],
)
def test_an_unencrypted_broker_is_refused_where_it_is_not_allowed(
    settings: Any, unencrypted: dict[str, str], encrypted: dict[str, str]
) -> None:
    settings.NOVA_REFUSE_PLAINTEXT_BROKER = True
    for name, value in unencrypted.items():
        setattr(settings, name, value)
    assert [found.id for found in problems()] == ["outbox.E011"]
    assert "never-to-be-shown" not in str(problems())

    for name, value in encrypted.items():
        setattr(settings, name, value)
    assert problems() == []


@pytest.mark.parametrize(
    ("unencrypted", "encrypted"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}),
        pytest.param(
            {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"},
            {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
            marks=pytest.mark.slow,
        ),
        pytest.param(RABBITMQ, OVER_TLS, marks=pytest.mark.slow),
    ],
)
def test_production_refuses_an_unencrypted_broker_unless_it_is_allowed_by_name(
    unencrypted: dict[str, str], encrypted: dict[str, str]
) -> None:
    """As an installation meets it: the settings of production, from the environment."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "nova.settings.production",
        "SECRET_KEY": "s" * 25 + "0123456789abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS": "nova.example",
        "DATABASE_URL": "postgresql://nova@127.0.0.1/nova",
        "REDIS_URL": "rediss://127.0.0.1:6379/0",
        "KAFKA_BROKERS": "kafka.example:9092",
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": "nova",
        "KAFKA_SASL_PASSWORD": "never-to-be-shown",
    }

    def check(**more: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "manage.py", "check"],
            check=False,
            cwd=ROOT,
            env=environment | unencrypted | more,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    refused, said = check()
    assert (refused, "outbox.E011" in said, "never-to-be-shown" in said) == (1, True, False)
    assert check(NOVA_ALLOW_PLAINTEXT_BROKER="1")[0] == 0
    assert check(**encrypted)[0] == 0
