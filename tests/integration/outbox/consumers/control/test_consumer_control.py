"""What operators have decided holds for a consumer that runs, and loses nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from outbox.api import ConsumerGroup, KafkaBus, TopicSpec
from outbox.bus.kafka.offsets import group_lag
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.control import decisions as flow
from outbox.consumers.control.decisions import Scope
from outbox.consumers.settings import ConsumerSettings
from outbox.models import ProcessHeartbeat
from tests.support.notebook import ONCE_MORE, Notebook, keyed, taken, watched
from tests.support.outbox import eventually, hosted, produce

pytestmark = pytest.mark.usefixtures("recording", "kafka")


def reported(group: ConsumerGroup) -> dict[str, Any]:
    """What the consumer's heartbeat says, nothing before the first."""
    beat = ProcessHeartbeat.objects.filter(name=f"consumer:{group.name}").first()
    return beat.detail if beat else {}


def test_an_operator_pauses_a_topic_and_lets_it_go_on(
    group: ConsumerGroup,
    notebook: Notebook,
    kafka: KafkaBus,
    kafka_brokers: str,
    made_topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rests = watched(monkeypatch, "pause")
    other = f"{made_topic}.other"
    kafka.ensure_topics([TopicSpec(name=other, partitions=1)])
    scope = Scope(consumer=group.name, topic=made_topic)
    flow.pause(scope, actor="anna", reason="the mail server is being moved")
    settings = ConsumerSettings(group_id=group.name, topics=(made_topic, other), batch=100, policy=ONCE_MORE)
    with hosted(ConsumerRunner(group, KafkaBus(kafka_brokers), settings)):
        produce(kafka_brokers, made_topic, *(keyed(b"key-%d" % n, n) for n in range(9)))
        eventually(lambda: sum(lag.lag for lag in group_lag(kafka_brokers, group.name, group.topics)) == 9)
        assert rests.wait(30)
        produce(kafka_brokers, other, taken(10))
        eventually(lambda: notebook.numbers)
        assert notebook.numbers == ["10"]
        flow.resume(scope, actor="anna")
        eventually(lambda: len(notebook.numbers) == 10)
        eventually(lambda: sum(lag.lag for lag in group_lag(kafka_brokers, group.name, group.topics)) == 0)


def test_a_drained_group_is_left_until_it_is_resumed_and_its_lag_is_known_all_the_while(
    consumer: Callable[[], ConsumerRunner],
    group: ConsumerGroup,
    notebook: Notebook,
    kafka_brokers: str,
    made_topic: str,
) -> None:
    def lag() -> int:
        return sum(lag.lag for lag in group_lag(kafka_brokers, group.name, group.topics))

    with hosted(consumer()):
        produce(kafka_brokers, made_topic, keyed(b"a", 1))
        eventually(lambda: notebook.numbers == ["1"])
        flow.drain(group.name, actor="anna", reason="maintenance")
        eventually(lambda: reported(group).get("state") == "drained")
        produce(kafka_brokers, made_topic, keyed(b"a", 2), keyed(b"b", 3))
        assert eventually(lag) == 2
        assert notebook.numbers == ["1"]
        flow.resume(Scope(consumer=group.name), actor="anna")
        eventually(lambda: sorted(notebook.numbers) == ["1", "2", "3"])
    assert lag() == 0
