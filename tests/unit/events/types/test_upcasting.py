"""Payloads of one version, read as another."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from events.api import (
    InvalidEvent,
    MissingCast,
    Untyped,
    accept_payload,
    decode_payload,
    downcast,
    downcaster,
    event,
    upcaster,
)
from events.checks import versions_are_connected
from events.types.upcasting import Casts, Link
from tests.support.versions import age_dropped, age_unknown, name_joined, name_split, own_registry

TYPE = "person.registered"


class PersonRegistered(Struct, frozen=True, kw_only=True):
    first: str
    last: str
    age: int | None


@pytest.fixture(autouse=True)
def in_version_3() -> Iterator[None]:
    with own_registry():
        event(TYPE, version=3, owner="tests")(PersonRegistered)
        yield


@pytest.fixture
def chain() -> None:
    upcaster(TYPE, from_version=1)(name_split)
    upcaster(TYPE, from_version=2)(age_unknown)
    downcaster(TYPE, from_version=3)(age_dropped)
    downcaster(TYPE, from_version=2)(name_joined)


def problems() -> list[str]:
    return [problem.msg for problem in versions_are_connected()]


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize(
    ("version", "text"),
    [
        (1, b'{"name":"Ann Lee"}'),
        (2, b'{"first":"Ann","last":"Lee"}'),
        (3, b'{"first":"Ann","last":"Lee","age":null}'),
    ],
)
def test_every_version_reads_as_the_class_of_today(version: int, text: bytes) -> None:
    assert decode_payload(TYPE, version, text) == PersonRegistered(first="Ann", last="Lee", age=None)


@pytest.mark.usefixtures("chain")
def test_a_consumer_gets_the_older_version_that_it_asks_for() -> None:
    ann = PersonRegistered(first="Ann", last="Lee", age=7)

    assert downcast(ann, 2) == Untyped(TYPE, {"first": "Ann", "last": "Lee"}, 2)
    assert downcast(ann, 1) == Untyped(TYPE, {"name": "Ann Lee"}, 1)
    assert downcast(ann, 3) == Untyped(TYPE, {"first": "Ann", "last": "Lee", "age": 7}, 3)


@pytest.mark.usefixtures("chain")
def test_only_a_newer_version_or_an_unknown_type_is_read_untyped() -> None:
    assert decode_payload(TYPE, 4, b'{"x":1}') == Untyped(TYPE, {"x": 1}, 4)
    assert decode_payload("tea.brewed", 1, b'{"x":1}') == Untyped("tea.brewed", {"x": 1}, 1)


@pytest.mark.usefixtures("chain")
def test_what_is_sent_in_an_older_version_is_accepted_as_the_one_of_today() -> None:
    accepted = accept_payload(TYPE, {"name": "Ann Lee"}, accept_untyped=False, schema_version=1)

    assert accepted == PersonRegistered(first="Ann", last="Lee", age=None)


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize("data", [{}, {"name": 7}, {"name": "Ann Lee", "age": "x", "hat": 1}, []])
def test_what_is_no_older_version_is_refused_with_its_place(data: Any) -> None:
    with pytest.raises(InvalidEvent) as refused:
        accept_payload(TYPE, data, accept_untyped=False, schema_version=1)
    assert refused.value.pointer.startswith("/payload")


@pytest.mark.usefixtures("chain")
def test_a_stored_value_that_an_upcaster_does_not_understand_is_no_event() -> None:
    with pytest.raises(InvalidEvent, match=r"upcaster of person\.registered from version 1 to 2"):
        decode_payload(TYPE, 1, b"{}")


@pytest.mark.usefixtures("chain")
def test_a_whole_chain_is_no_problem() -> None:
    assert problems() == []


def test_a_missing_upcaster_is_found_before_anything_is_read() -> None:
    upcaster(TYPE, from_version=1)(name_split)

    assert problems() == [
        "Between the versions of an event type, person.registered has no upcaster from version 2 towards 3."
    ]
    with pytest.raises(MissingCast):
        decode_payload(TYPE, 1, b'{"name":"Ann Lee"}')


@pytest.mark.usefixtures("chain")
def test_two_functions_for_one_link_are_found() -> None:
    upcaster(TYPE, from_version=2)(lambda data: data)
    downcaster(TYPE, from_version=3, to_version=1)(lambda data: data)

    assert [problem.rpartition(", ")[2] for problem in problems()] == [
        "the upcaster of person.registered from version 2 to 3 is the second one from there.",
        "the downcaster of person.registered from version 3 to 1 is the second one from there.",
    ]


def test_links_that_lead_nowhere_are_found() -> None:
    upcaster(TYPE, from_version=1, to_version=3)(lambda data: data)
    upcaster(TYPE, from_version=2)(lambda data: data)
    upcaster(TYPE, from_version=3)(lambda data: data)
    downcaster(TYPE, from_version=2)(lambda data: data)
    upcaster("person.forgotten", from_version=1)(lambda data: data)

    assert [problem.rpartition(", ")[2] for problem in problems()] == [
        "which the code writes.",
        "person.registered has no downcaster from version 3 towards 1.",
        "the upcaster of person.forgotten from version 1 to 2 belongs to an event type that is not registered.",
    ]


@pytest.mark.parametrize("versions", [(0, 1), (1, 0), (2, 2), (-1, 1)])
def test_versions_that_no_payload_has_are_refused(versions: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="there is no"):
        upcaster(TYPE, from_version=versions[0], to_version=versions[1])(lambda data: data)


def test_an_older_version_that_nothing_leads_to_cannot_be_asked_for() -> None:
    with pytest.raises(MissingCast, match=r"nothing leads from version 3 of person\.registered to version 2"):
        downcast(PersonRegistered(first="Ann", last="Lee", age=7), 2)


@given(jumps=st.lists(st.integers(1, 5), min_size=1, max_size=6), data=st.data())
def test_a_chain_visits_each_of_its_versions_once_and_ends_where_it_was_asked_to(
    jumps: list[int], data: st.DataObject
) -> None:
    versions = [1]
    for jump in jumps:
        versions.append(versions[-1] + jump)
    casts = Casts()
    for lower, higher in pairwise(versions):
        for here, there in ((lower, higher), (higher, lower)):
            casts.add(
                Link(
                    event_type=TYPE,
                    from_version=here,
                    to_version=there,
                    cast=lambda value, there=there: {"seen": [*value["seen"], there]},  # type: ignore[misc]
                )
            )
    here, there = data.draw(st.sampled_from(versions)), data.draw(st.sampled_from(versions))

    seen = casts.apply(TYPE, {"seen": [here]}, from_version=here, to_version=there)["seen"]

    passed = [version for version in versions if min(here, there) <= version <= max(here, there)]
    assert seen == (passed if here <= there else passed[::-1])
