"""Consumer groups and handlers: each handles its own types or all, and is found by name."""

import pytest

from outbox.api import EVERYTHING, ConsumerGroup, Handler, UnknownGroup, UnknownRunner, group_named, register_groups
from outbox.handling import handlers
from outbox.hosting import runners


def test_a_handler_wants_its_types_or_all() -> None:
    some = Handler(name="some", event_types=["a"], handle=lambda _: None)
    every = Handler(name="every", event_types=EVERYTHING, handle=lambda _: None)

    assert [some.wants("a"), some.wants("b"), every.wants("b")] == [True, False, True]
    assert ConsumerGroup(name="g", topics=["t"], handlers=[some]).wants("a")


def test_a_handler_handles_one_by_one_or_together() -> None:
    with pytest.raises(ValueError, match="either"):
        Handler(name="neither", event_types=EVERYTHING)
    with pytest.raises(ValueError, match="either"):
        Handler(name="both", event_types=EVERYTHING, handle=lambda _: None, handle_batch=lambda _: None)


def test_groups_and_runners_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_groups", {})
    group = ConsumerGroup(name="g", topics=["t"], handlers=[])

    register_groups([group])

    assert group_named("g") is group
    with pytest.raises(UnknownGroup, match="there are: g"):
        group_named("other")
    with pytest.raises(UnknownRunner):
        runners.runner_named("nobody")
