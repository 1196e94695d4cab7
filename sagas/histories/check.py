"""Check of recorded histories: which of them the present definitions would not have led to. Pure."""

from collections.abc import Iterator, Mapping

import msgspec

from sagas.definition.registry import Sagas
from sagas.definition.saga import Saga
from sagas.definition.shape import shape_of
from sagas.exceptions import UnknownSaga, UnknownShape
from sagas.histories.history import History, history_in
from sagas.histories.replay import first_difference


def findings(definitions: Sagas, files: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the histories of these files, by their names: one text for each that is not as it was."""
    for name, text in files.items():
        try:
            if found := _finding(definitions, history_in(text)):
                yield f"{name}: {found}"
        except msgspec.DecodeError as error:
            yield f"{name} is no recorded history: {error}"


def definition_for(definitions: Sagas, history: History) -> Saga:
    """What the instance began with; where no code has that any more, what new instances begin with.

    Raises `UnknownSaga`.
    """
    try:
        return definitions.of_shape(history.saga, history.shape)
    except UnknownShape:
        return definitions.named(history.saga)


def _finding(definitions: Sagas, history: History) -> str:
    try:
        saga = definition_for(definitions, history)
    except UnknownSaga as error:
        return f"{error}, so open instances like it could not go on"
    difference = first_difference(saga, history)
    if shape_of(saga) == history.shape:
        return str(difference or "")
    return (
        f"no code has the definition of {history.saga} that it began with ({history.shape}), so open instances like "
        "it could not go on: keep the old one with supersede_saga, or let them migrate (`manage.py sagas migrate`). "
        + (
            f"With the present definition, {difference}"
            if difference
            else "With the present one, all would be the same"
        )
    )
