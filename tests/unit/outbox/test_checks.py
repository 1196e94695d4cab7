"""Names that a broker would refuse are refused before anything starts."""

from typing import Any

from msgspec import Struct

from events.api import event
from outbox.api import ConsumerGroup, Handler, registered_groups
from outbox.bus.rabbitmq.topology import UNNUMBERED
from outbox.checks import names_fit_rabbitmq, topics_can_be_told_apart
from outbox.handling import handlers
from tests.support.versions import own_registry


def test_topics_that_differ_in_dots_and_underscores_only_are_refused(settings: Any) -> None:
    settings.KAFKA_TOPIC_PREFIX = "nova"
    assert topics_can_be_told_apart() == []

    with own_registry():
        # One that is declared, and one that a type is named for.
        event("box.opened", owner="tests", topic="nova.content_events")(type("BoxOpened", (Struct,), {}))
        event("other_events.seen", owner="tests", topic=None)(type("Seen", (Struct,), {}))
        event("box_lid.lifted", owner="tests")(type("Lifted", (Struct,), {}))
        event("box.closed", owner="tests", topic="nova.box.lid.events")(type("Closed", (Struct,), {}))
        problems = topics_can_be_told_apart()

    assert {problem.id for problem in problems} == {"outbox.E021"}
    said = " ".join(problem.msg for problem in problems)
    assert len(problems) == 2
    assert "'nova.content.events' and 'nova.content_events'" in said
    assert "'nova.box.lid.events' and 'nova.box_lid.events'" in said


def test_names_too_long_for_rabbitmq_are_refused(settings: Any, monkeypatch: Any) -> None:
    settings.NOVA_BUS = "rabbitmq"
    assert registered_groups()
    assert names_fit_rabbitmq() == []

    long = ConsumerGroup(
        name="g" * 100, topics=["t" * 144], handlers=[Handler(name="h", event_types="*", handle=print)]
    )
    monkeypatch.setattr(handlers, "_groups", {"long": long})
    (problem,) = names_fit_rabbitmq()
    assert problem.id == "outbox.E022"

    settings.KAFKA_GROUP_ID = "g" * 99
    assert len(f"{'g' * 99}/{'t' * 144}{UNNUMBERED}") == 255
    assert names_fit_rabbitmq() == []
    settings.KAFKA_GROUP_ID, settings.NOVA_BUS = "", "kafka"
    assert names_fit_rabbitmq() == []
