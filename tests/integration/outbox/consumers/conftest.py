"""A consumer group whose only handler writes into a notebook."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from outbox.api import ConsumerGroup, Handler, KafkaBus, TopicSpec
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.settings import ConsumerSettings
from tests.support.notebook import ONCE_MORE, Notebook
from tests.support.outbox import unique


@pytest.fixture
def notebook(recording: None) -> Iterator[Notebook]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE notebook (event_id uuid, number text, place serial)")
    yield Notebook()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE notebook")


@pytest.fixture
def made_topic(kafka: KafkaBus, topic: str) -> str:
    kafka.ensure_topics([TopicSpec(name=topic, partitions=3)])
    return topic


@pytest.fixture
def group(notebook: Notebook, made_topic: str) -> ConsumerGroup:
    handler = Handler(name="notebook", event_types=["note.taken"], handle=notebook.handle)
    return ConsumerGroup(name=unique("group"), topics=[made_topic], handlers=[handler])


@pytest.fixture
def consumer(group: ConsumerGroup, kafka_brokers: str) -> Callable[[], ConsumerRunner]:
    def make() -> ConsumerRunner:
        settings = ConsumerSettings(group_id=group.name, topics=tuple(group.topics), batch=100, policy=ONCE_MORE)
        return ConsumerRunner(group, KafkaBus(kafka_brokers), settings)

    return make
