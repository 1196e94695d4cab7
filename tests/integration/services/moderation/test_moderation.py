"""A flagged post is decided about and removed, by services that know each other by their events alone, over Kafka."""

import pytest

from events.api import execute, load_aggregate
from nova.services.content.aggregates.post import POST, CreatePost, FlagPost
from nova.services.moderation.aggregates import Decide
from outbox.api import group_named, relay_runner
from outbox.hosting.runners import consumer_runner
from sagas.models import SagaState
from tests.support.outbox import eventually, hosted

pytestmark = pytest.mark.usefixtures("recording", "redis_url", "kafka", "prefix", "equal_to_the_log")


def test_what_was_decided_is_done() -> None:
    for post_id in ("rude", "fine"):
        execute(post_id, CreatePost(author_id="bob", caption="hello"))
        execute(post_id, FlagPost(reason="I do not like it"))

    with hosted(relay_runner(), *map(consumer_runner, map(group_named, ("moderation-service", "content-service")))):
        eventually(lambda: SagaState.objects.filter(saga_type="moderation", status="running").count() == 2)
        execute("rude", Decide(decision="remove"))
        execute("fine", Decide(decision="keep"))
        eventually(lambda: SagaState.objects.filter(saga_type="moderation", status="completed").count() == 2)

    assert load_aggregate(POST, "rude").state.status == "deleted"
    assert load_aggregate(POST, "fine").state.status == "published"
