"""Reading one's own writes: whoever has appended an event waits until a read model has it, and then asks it.

    appended = append_events(stream, expected, events)
    wait_for("users", appended.positions[-1])

Nobody tells those who wait that a projection has moved on, so they look, at growing intervals; between two looks they
hold no database connection, unless they wait inside a transaction.
"""

from time import monotonic, sleep

from django.db import connection

from events.api import last_position, read_log
from events.envelope import RecordedEvent
from kit.pacing.tempo import Tempo
from outbox.api import taken_effect
from projections.arguments import arguments
from projections.conf import projections_conf
from projections.definition.handled import HandledReadModel
from projections.definition.projection import Projection
from projections.definition.registry import read_model_named
from projections.exceptions import InvalidArgument
from projections.waiting.positions import seen_position, shared_looks

# Seconds between two looks: soon after the first one, for a worker that is awake takes some milliseconds.
TEMPO = Tempo(shortest=0.01, longest=0.25, pause=0.01)


def wait_for(name: str, position: int, *, timeout: float | None = None) -> bool:
    """Wait until the read model of that name has the event at a position of the log; whether it has.

    A projection has it, and all before it, once its checkpoint is there; what is parked or skipped is passed over. What
    handlers keep has it once that event has had its effect on them, or at once where they do not want it; of other
    events that says nothing, for messages keep the order of their keys alone.

    `timeout` is in seconds, that of the settings by default. Raises `UnknownProjection`, and `InvalidArgument` for a
    position beyond the end of the log.
    """
    arguments.number("position", position)
    arguments.number("timeout", timeout, least=0.0)
    until = monotonic() + (projections_conf().wait_timeout if timeout is None else timeout)
    model = read_model_named(name)
    looks = _HandledLooks(model, position) if isinstance(model, HandledReadModel) else _ProjectionLooks(model, position)
    if looks.first():
        return True
    if position > (end := last_position()):
        raise InvalidArgument("position", f"must not lie beyond the end of the log, which is at {end}")
    tempo = TEMPO
    while (left := until - monotonic()) > 0:
        if not connection.in_atomic_block:
            connection.close()
        sleep(min(tempo.pause, left))
        tempo = tempo.after_nothing()
        if looks.again():
            return True
    return False


class _ProjectionLooks:
    """Whether a projection has come to a position."""

    def __init__(self, projection: Projection, position: int) -> None:
        self._name = projection.name
        self._position = position

    def first(self) -> bool:
        return seen_position(self._name) >= self._position

    def again(self) -> bool:
        return shared_looks.position(self._name) >= self._position and self.first()


class _HandledLooks:
    """Whether the event at a position has had its effect on a read model, or never will have one."""

    def __init__(self, model: HandledReadModel, position: int) -> None:
        self._model = model
        self._position = position
        self._event: RecordedEvent | None = None

    def first(self) -> bool:
        if self._event is None:
            page = read_log(max(0, self._position - 1), 1, untyped=True)
            if page.safe_position < self._position:
                return False
            self._event = next((event for event in page.events if event.position == self._position), None)
            types = self._model.event_types
            if self._event is None or (types is not None and self._event.event_type not in types):
                return True
        return bool(taken_effect(self._model.group, [self._event]))

    def again(self) -> bool:
        return self.first()
