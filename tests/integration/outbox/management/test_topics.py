"""Topic provisioning: `manage.py topics` creates what is declared, tells what differs, and shows what goes where."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from nova.local.servers.embedded import Embedded
from outbox.api import KafkaBus, TopicSpec
from outbox.handling.handlers import registered_groups
from tests.support.outbox import eventually

pytestmark = pytest.mark.django_db


def run(action: str) -> list[str]:
    output = StringIO()
    call_command("topics", action, stdout=output)
    return output.getvalue().splitlines()


def differences() -> list[str]:
    """What `diff` finds, and says by its status."""
    output, status = StringIO(), None
    try:
        call_command("topics", "diff", stdout=output)
    except SystemExit as ended:
        status = ended.code
    lines = output.getvalue().splitlines()
    assert (status == 1) == (lines != ["The broker has what the routing table wants."])
    return lines if status else []


@pytest.fixture
def own_topics(prefix: str, settings: Any) -> str:
    """No topic of this test has a name that another test uses."""
    settings.KAFKA_IDENTITY_EVENTS_TOPIC = f"{prefix}.identity"
    settings.KAFKA_MEDIA_EVENTS_TOPIC = f"{prefix}.media"
    settings.KAFKA_MESSAGE_EVENTS_TOPIC = f"{prefix}.message"
    settings.KAFKA_TOPIC_PARTITIONS = {f"{prefix}.media": 2}
    return prefix


def test_the_difference_is_told_until_all_is_as_wanted(own_topics: str, kafka: KafkaBus) -> None:
    assert f"{own_topics}.media: missing, 2 partitions wanted" in differences()

    assert f"{own_topics}.media: there" in run("create")
    # Topics under `nova.` are other tests' as well.
    eventually(lambda: not [line for line in differences() if line.startswith(own_topics)])

    assert kafka.ensure_topics([TopicSpec(name=f"{own_topics}.stray", partitions=1)]) == {}
    eventually(lambda: f"{own_topics}.stray: nothing is routed there" in differences())


@pytest.mark.usefixtures("kafka")
def test_description_shows_partitions_types_and_keys(own_topics: str) -> None:
    run("create")

    # A broker may hear a little later of what its controller has done.
    eventually(lambda: f"{own_topics}.media: 2 partitions" in run("describe"))
    lines = run("describe")
    at = lines.index(f"{own_topics}.identity: 3 partitions")
    assert lines[at + 1 : at + 4] == [
        "  identity.user.created by user_id",
        "  identity.user.deleted by user_id",
        "  identity.user.profile_updated by user_id",
    ]
    assert f"{own_topics}.stream.events: not there yet" in lines


def test_a_broker_that_is_away_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outbox.bus.kafka.bus.TOPIC_DEADLINE", 0.3)
    settings.KAFKA_BROKERS = "127.0.0.1:1"

    for action in ("create", "diff", "describe"):
        with pytest.raises(CommandError, match=r"_TRANSPORT|_TIMED_OUT"):
            run(action)


def test_on_rabbitmq_the_groups_get_their_queues_too(rabbitmq: Embedded, own_topics: str, settings: Any) -> None:
    settings.NOVA_BUS, settings.RABBITMQ_URL = "rabbitmq", rabbitmq.address
    settings.KAFKA_BROKERS = ""
    assert registered_groups()

    assert f"{own_topics}.media: missing, 2 partitions wanted" in differences()
    run("create")

    assert differences() == []
    assert f"{own_topics}.media: 2 partitions" in run("describe")
