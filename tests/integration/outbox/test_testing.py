"""Handler testing kit: what `docs/testing-handlers.md` shows works as it stands there."""

import re
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from events.api import Untyped
from outbox.api import ConsumerGroup, Handler
from outbox.hosting.runners import consumer_runner, relay_runner
from outbox.testing import handle, memory_bus, published_events, received
from tests.support.assertions import Suite
from tests.support.outbox import eventually, hosted, states, take_notes

PAGE = Path(__file__).parents[3] / "docs" / "testing-handlers.md"


def code() -> str:
    return "".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL))


def shown() -> dict[str, Callable[..., None]]:
    namespace: dict[str, Any] = {}
    exec(compile(code(), str(PAGE), "exec"), namespace)  # noqa: S102 - our own page
    return {name: value for name, value in namespace.items() if name.startswith("test_")}


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(shown()))
def test_the_page_shows_tests_that_pass(name: str) -> None:
    assert Suite([(PAGE.name, code())]).without_assertion() == []
    example = shown()[name]
    example(**dict.fromkeys(signature(example).parameters))


def test_a_handler_that_fails_is_not_hidden() -> None:
    def broken(_: object) -> None:
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        handle(
            Handler(name="broken", event_types="*", handle=broken),
            received(Untyped("note.taken", {}), aggregate_id="a"),
        )


@pytest.mark.usefixtures("recording", "redis_url")
def test_relay_and_consumers_of_one_process_share_the_memory_bus(topic: str, settings: Any) -> None:
    settings.NOVA_BUS = "memory"
    seen: list[str | None] = []
    group = ConsumerGroup(
        name="memory",
        topics=(topic,),
        handlers=(
            Handler(name="see", event_types=("note.taken",), handle=lambda event: seen.append(event.aggregate_id)),
        ),
    )
    take_notes("a", 1)

    with hosted(relay_runner(), consumer_runner(group)):
        eventually(lambda: seen)

    assert seen == ["a"]
    assert states() == {("a", 1): "published"}
    assert [event.aggregate_id for event in published_events(memory_bus(), topic)] == ["a"]
