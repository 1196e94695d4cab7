"""`manage.py saga_histories --check`: every committed history would be as it was, or it is said which would not."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from msgspec import structs

from sagas.api import Sagas, shape_of
from sagas.definition.registry import sagas
from sagas.histories.check import findings
from sagas.histories.history import history_in, text_of
from sagas.testing import begin
from tests.support import shipped_histories
from tests.support.trips import APPROVAL, CHARGE, FLIGHT, TRIP, Charged, HotelBooked, TripRequested

HISTORY = begin(TRIP, TripRequested(trip_id="t")).history()
SHORTER = structs.replace(TRIP, stages=(APPROVAL, FLIGHT, CHARGE))


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A history of a saga that is registered."""
    (tmp_path / "trip.json").write_text(text_of(HISTORY))
    sagas.register(TRIP)
    yield tmp_path
    for one in (TRIP, SHORTER):
        sagas.forget(one)


def run(directory: Path | None = None, **options: Any) -> str:
    out = StringIO()
    where = {"directory": directory} if directory else {}
    call_command("saga_histories", stdout=out, **where, **options)
    return out.getvalue()


def deploy(saga: Any) -> None:
    """Put another definition in the place of the present one."""
    sagas.forget(TRIP)
    sagas.register(saga)


def test_the_committed_histories_would_be_as_they_were() -> None:
    assert (
        run(check=True) == f"{len(list(shipped_histories.DIRECTORY.glob('*.json')))} histories would be as they were.\n"
    )


@pytest.mark.parametrize("name", shipped_histories.STORIES)
def test_each_shipped_story_is_committed(name: str) -> None:
    committed = history_in((shipped_histories.DIRECTORY / f"{name}.json").read_text())

    assert committed.entries[-1].led_to.status == shipped_histories.STORIES[name]().instance.status
    assert len(committed.entries) == len(shipped_histories.STORIES[name]().history().entries)


def test_a_broken_promise_fails_the_check_and_can_be_written_down_as_meant(directory: Path) -> None:
    deploy(structs.replace(TRIP, stages=(APPROVAL, *TRIP.stages[2:])))

    with pytest.raises(
        CommandError, match=r"trip.json: no code has the definition of trip (?s:.*) transition 1 \(trip"
    ) as told:
        run(directory, check=True)
    assert "`manage.py saga_histories` writes down" in str(told.value)
    sagas.forget(sagas.named("trip"))


def test_what_is_meant_is_written_down(directory: Path) -> None:
    deploy(SHORTER)

    assert run(directory) == "trip.json is written.\n"

    assert history_in((directory / "trip.json").read_text()).shape == shape_of(SHORTER)
    assert run(directory, check=True) == "1 histories would be as they were.\n"


def test_a_superseded_definition_keeps_its_promises(directory: Path) -> None:
    deploy(SHORTER)
    sagas.register(TRIP, superseded=True)

    assert run(directory, check=True) == "1 histories would be as they were.\n"


def test_a_saga_that_is_gone_is_told() -> None:
    assert list(findings(Sagas(), {"trip.json": text_of(HISTORY)})) == [
        "trip.json: there is no saga 'trip'; there are none, so open instances like it could not go on"
    ]


def test_a_file_that_is_no_history_is_told() -> None:
    (found,) = findings(Sagas(), {"x.json": '{"saga": 1}'})

    assert found.startswith("x.json is no recorded history: Expected `str`, got `int`")


def test_what_could_not_come_any_more_is_not_written(directory: Path) -> None:
    story = begin(TRIP, TripRequested(trip_id="t")).when(HotelBooked(trip_id="t")).does("retry", "flight")
    (directory / "trip.json").write_text(text_of(story.history()))
    deploy(structs.replace(TRIP, stages=(APPROVAL, CHARGE)))

    with pytest.raises(CommandError, match=r"trip.json: what came to it could not come any more"):
        run(directory)
    sagas.forget(sagas.named("trip"))


def test_an_entry_that_would_lead_to_nothing_is_told(directory: Path) -> None:
    story = begin(TRIP, TripRequested(trip_id="t")).when(Charged(trip_id="t"))
    texts = {"trip.json": text_of(story.history()).replace('"event_type": "trip.charged"', '"event_type": "trip.gone"')}

    (found,) = findings(sagas, texts)

    assert "transition 2 (trip.gone)" in found
    assert "nothing, for no step waits for it any more" in found
