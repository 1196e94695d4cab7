"""`manage.py saga_histories record`: what an instance went through is written down, and is replayed."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from msgspec import Struct

from events.api import NewEvent, StreamId, StreamWrite, append_streams, get_event
from outbox.api import ConsumerGroup, take_effect
from outbox.testing import received
from sagas.api import fire_due, operate, request_id, saga_id_of
from sagas.engine import external, storage
from sagas.histories.history import CameEvent, history_in
from sagas.machine.instance import Arrival
from sagas.models import SagaTransition
from sagas.operating.actions import OfStep
from tests.support.lives_of_trips import live, stuck_trip
from tests.support.trips import FlightBooked, HotelBooked, TripRequested

pytestmark = pytest.mark.django_db
SAGA_ID = saga_id_of("trip", "t")


@pytest.fixture(autouse=True)
def services_are_unknown(monkeypatch: Any) -> None:
    monkeypatch.setattr(external, "_services_of_the_log", set())


def record(directory: Path, *arguments: str, saga_id: UUID = SAGA_ID) -> str:
    out = StringIO()
    call_command("saga_histories", "--directory", str(directory), "record", str(saga_id), *arguments, stdout=out)
    return out.getvalue()


def check(directory: Path) -> str:
    out = StringIO()
    call_command("saga_histories", "--directory", str(directory), "--check", stdout=out)
    return out.getvalue()


def happened(group: ConsumerGroup, payload: Struct, **fields: Any) -> UUID:
    """An event of the log, consumed."""
    event_id = uuid4()
    new = NewEvent(payload=payload, event_id=event_id, causation_id=fields.get("causation_id"))
    append_streams([StreamWrite(stream=StreamId("trip-test", str(event_id)), events=[new])])
    source = get_event(event_id).source_service
    take_effect(group, [received(payload, event_id=event_id, source_service=source, **fields)])
    return event_id


def test_an_instance_with_timers_and_an_operator_is_recorded(trips: ConsumerGroup, tmp_path: Path) -> None:
    stuck_trip(trips)
    operate("retry", SAGA_ID, OfStep(step="tickets"), actor="ann", reason="the agency is back")

    assert "look whether it says anything of people" in record(tmp_path)

    text = (tmp_path / "trip-running.json").read_text()
    history = history_in(text)
    came = [str(entry.came) for entry in history.entries]
    assert came.count("retry of tickets") == 2
    assert came[-1] == "retry by an operator"
    assert "ann" not in text
    assert check(tmp_path) == "1 histories would be as they were.\n"


def test_events_of_the_log_are_read_there_and_others_are_kept(trips: ConsumerGroup, tmp_path: Path) -> None:
    first = happened(trips, TripRequested(trip_id="t", people=2))
    outside = received(
        FlightBooked(trip_id="t"),
        event_id=uuid4(),
        source_service="elsewhere",
        causation_id=request_id(SAGA_ID, "flight", 1, undo=False),
    )
    take_effect(trips, [outside])
    happened(trips, HotelBooked(trip_id="t"))

    kept = dict(SagaTransition.objects.values_list("cause_id", "cause_event__payload"))
    assert kept[first] is None
    assert kept[outside.event_id] == {"trip_id": "t"}
    assert [payload for payload in kept.values() if payload] == [{"trip_id": "t"}]

    record(tmp_path, "--name", "mixed")
    came = history_in((tmp_path / "mixed.json").read_text()).entries[1].came
    assert isinstance(came, CameEvent)
    assert (came.event_id, came.causation_id) == (outside.event_id, outside.causation_id)


def test_the_log_is_asked_once_for_the_events_of_a_service(
    trips: ConsumerGroup, django_assert_num_queries: Any
) -> None:
    event_id = happened(trips, TripRequested(trip_id="t"))
    events = [received(HotelBooked(trip_id="t"), source_service=get_event(event_id).source_service)]

    with django_assert_num_queries(0):
        assert external.external_events(events) == set()


def test_what_is_neither_in_the_log_nor_kept_cannot_be_recorded(trips: ConsumerGroup, tmp_path: Path) -> None:
    live(trips, "t", TripRequested)
    SagaTransition.objects.update(cause_event=None)

    with pytest.raises(CommandError, match=r"transition 1: trip.requested .* is not in the log of this database"):
        record(tmp_path)


def test_a_history_that_its_definition_would_not_lead_to_cannot_be_recorded(
    trips: ConsumerGroup, tmp_path: Path
) -> None:
    live(trips, "t", TripRequested)
    SagaTransition.objects.update(status="completed")

    with pytest.raises(CommandError, match="its definition would not lead to it again: transition 1"):
        record(tmp_path)


def test_one_that_was_migrated_cannot_be_recorded(trips: ConsumerGroup, tmp_path: Path) -> None:
    live(trips, "t", TripRequested)
    SagaTransition.objects.update(cause="operator", cause_type="migrate")

    with pytest.raises(CommandError, match="it was migrated"):
        record(tmp_path)


def test_timers_that_fire_in_one_look_are_recorded(trips: ConsumerGroup, tmp_path: Path) -> None:
    live(trips, "t", TripRequested)
    for _ in range(3):
        fire_due(now=datetime.now(UTC) + timedelta(days=1))

    record(tmp_path)

    assert check(tmp_path) == "1 histories would be as they were.\n"


def test_no_file_is_written_over(trips: ConsumerGroup, tmp_path: Path) -> None:
    live(trips, "t", TripRequested)
    record(tmp_path)

    with pytest.raises(CommandError, match="is there already"):
        record(tmp_path)
    with pytest.raises(CommandError, match="there is no saga"):
        record(tmp_path, saga_id=uuid4())
    with pytest.raises(CommandError, match="--replace needs OLD=NEW"):
        record(tmp_path, "--replace", "=x")


def test_what_jsonb_cannot_hold_is_not_kept_and_holds_nobody_up() -> None:
    plain, odd = (Arrival(event_id=uuid4(), payload=HotelBooked(trip_id="t", room=room)) for room in ("1", "1\0"))

    assert storage._external(odd) is None
    kept = storage._external(plain)
    assert kept is not None
    assert bytes(kept.payload) == b'{"trip_id":"t","room":"1"}'
