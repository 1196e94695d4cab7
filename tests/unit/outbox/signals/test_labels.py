"""Labels of metrics are those that code knows."""

import pytest

from outbox.conf import outbox_conf
from outbox.messages.topics import known_topics
from outbox.signals.labels import event_type_label, labelled_topics, service_label


@pytest.mark.parametrize(
    ("event_type", "named", "label"),
    [
        ("content.post.created", (), "content.post.created"),
        ("note.taken", ("note.taken",), "note.taken"),
        ("note.taken", (), "other"),
        ("note", ("note.taken",), "other"),
        ("", (), "other"),
    ],
)
def test_an_event_type_that_nobody_registers_or_names_is_other(
    event_type: str, named: tuple[str, ...], label: str
) -> None:
    assert event_type_label(event_type, named) == label


@pytest.mark.parametrize(
    ("service", "label"),
    [("nova", "nova"), ("content-service", "content-service"), ("made-up", "other"), ("", "other")],
)
def test_a_service_that_nobody_knows_is_other(service: str, label: str) -> None:
    assert service_label(service) == label


def test_topics_are_those_that_are_routed_to_and_of_owned_aggregates() -> None:
    conf = outbox_conf()

    topics = labelled_topics()

    assert {spec.name for spec in known_topics(conf=conf)} <= topics
    assert f"{conf.topic_prefix}.made_up.events" not in topics
