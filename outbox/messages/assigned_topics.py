"""Assigned topics: an aggregate type that no code names has a topic of its own or shares one, from its first event on.

Without a bound, whoever may append could make as many topics as there are names. What is decided is a row, written once
in the transaction of the first append: every process says the same for ever, so that no key changes its topic.
"""

from functools import partial

from django.db import connection, transaction
from django.db.models import F

from outbox.conf import OutboxConf
from outbox.messages.topics import choose_topic, is_named_by_code, own_topic
from outbox.models import TopicAssignment
from outbox.sql.statements import statement

# One decision at a time, or two processes could each take the last place.
LOCK = 0x4E4F5450

_known: dict[str, str] = {}
"""What was decided and is committed, by the topic that the aggregate type would have for itself."""


def assigned_topic(aggregate_type: str, *, conf: OutboxConf) -> str:
    """The topic of events whose types declare none, decided now if these are the first of the aggregate type.

    Raises `TopicNameTaken`, after which an open transaction can go on.
    """
    name = own_topic(aggregate_type, conf=conf)
    topic = _known.get(name)
    if topic is None:
        topic = name if is_named_by_code(aggregate_type) else _stored(name) or _decide(name, conf)
        transaction.on_commit(partial(_known.__setitem__, name, topic))
    return topic


def _stored(name: str) -> str | None:
    return TopicAssignment.objects.filter(name=name).values_list("topic", flat=True).first()


def _decide(name: str, conf: OutboxConf) -> str:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement("lock"), {"key": LOCK})
        taken = set(TopicAssignment.objects.filter(topic=F("name")).values_list("name", flat=True))
        topic = choose_topic(name, taken=taken, conf=conf)
        # Another process may have been faster; what it has decided holds.
        assignment, _ = TopicAssignment.objects.get_or_create(name=name, defaults={"topic": topic})
    return assignment.topic
