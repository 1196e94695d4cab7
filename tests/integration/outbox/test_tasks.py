"""Beat tasks: none leaves a bus behind."""

from collections.abc import Callable

import pytest

from outbox import tasks
from outbox.api import MemoryBus
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group
from tests.support.outbox import take_notes

pytestmark = pytest.mark.usefixtures("recording", "prefix")


@pytest.mark.parametrize("task", [tasks.relay_unowned, tasks.publish_dead_letters])
def test_a_task_lets_go_of_the_bus_that_it_made(task: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    bus = MemoryBus()
    closed: list[bool] = []
    monkeypatch.setattr(bus, "close", lambda: closed.append(True))
    monkeypatch.setattr(tasks, "bus_of", lambda _: bus)
    take_notes("a", 1)
    dead_lettered(fussy_group(Fussy()), 1)

    assert task() == 1

    assert closed == [True]
