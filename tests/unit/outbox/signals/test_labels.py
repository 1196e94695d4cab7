"""Labels of metrics are those that code knows."""

import pytest

from outbox.signals.labels import event_type_label, service_label


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
