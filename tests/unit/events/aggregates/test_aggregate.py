"""What holds for every aggregate: its fold takes whatever happens, its commands can be told apart."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from events.aggregates.aggregate import Aggregate, Aggregates, Command, Issued, aggregates, fingerprint, folded_types
from events.exceptions import CommandRefused, UnknownAggregate, UnknownCommand
from events.testing import AT
from nova.services.identity.aggregates import USER
from nova.services.orders.aggregates import ORDER
from tests.support.lives import COMMANDS, commanded, from_structs, lives

ISSUED = Issued(aggregate_id="a:b", command_id=UUID(int=1), at=AT, user_id=None)


def payloads_of(aggregate: Aggregate[Any], commands: list[Any]) -> list[Struct]:
    """What happens in a life."""
    state, happened = aggregate.initial, []
    for command in commands:
        try:
            payloads = aggregate.decide(state, command, ISSUED)
        except CommandRefused:
            continue
        happened += payloads
        state = aggregate.fold(state, payloads)
    return happened


@settings(max_examples=200)
@given(lives(), st.randoms())
def test_the_fold_takes_whatever_happened_in_whatever_order(life: Any, random: Any) -> None:
    aggregate, commands = life
    happened = payloads_of(aggregate, commands) * 2
    random.shuffle(happened)
    for kind in aggregates:
        assert isinstance(kind.fold(kind.initial, happened), kind.state_type)


@settings(max_examples=200)
@given(lives())
def test_what_happens_is_folded_and_deciding_changes_nothing(life: Any) -> None:
    aggregate, commands = life
    happened = payloads_of(aggregate, commands)
    assert {type(payload) for payload in happened} <= set(aggregate.events)
    state = aggregate.fold(aggregate.initial, happened)
    before = repr(state)
    for command in commands:
        try:
            aggregate.decide(state, command, ISSUED)
        except CommandRefused:
            continue
    assert repr(state) == before
    assert aggregate.fold(aggregate.initial, happened) == state


@settings(max_examples=100)
@given(st.data())
def test_a_life_can_be_made_from_nothing_but_the_structs(data: st.DataObject) -> None:
    """So that a new aggregate is tested before anybody has written a strategy for it."""
    aggregate = data.draw(st.sampled_from(commanded()))
    assert aggregates.of(data.draw(from_structs(aggregate)))[0] is aggregate


def test_no_refusal_shares_its_code_with_another() -> None:
    refusals = CommandRefused.__subclasses__()
    codes = [refusal.code for refusal in refusals if refusal.__module__.startswith("nova.services")]
    assert len(set(codes)) == len(codes) > len(COMMANDS)


def test_every_folded_event_is_registered() -> None:
    for aggregate in aggregates:
        assert len(folded_types(aggregate)) == len(aggregate.events)


def test_an_aggregate_is_found_by_name_and_by_command() -> None:
    assert aggregates.named("order") is ORDER
    assert aggregates.of(ORDER.commands["deliver"]()) == (ORDER, "deliver")
    with pytest.raises(UnknownAggregate):
        aggregates.named("ordre")
    with pytest.raises(UnknownCommand):
        ORDER.command_type("crate")
    with pytest.raises(TypeError):
        aggregates.of(ORDER.initial)


def test_what_could_not_be_told_apart_is_not_registered() -> None:
    class Odd(Command, frozen=True, kw_only=True):
        command_id: str

    known = Aggregates()
    known.register(USER)
    for changes in ({}, {"name": "a/b"}, {"name": "users"}, {"name": "odd", "commands": {"odd": Odd}}):
        with pytest.raises(ValueError, match=r"name|field"):
            known.register(structs.replace(USER, **changes))


def test_a_fold_version_is_part_of_the_fingerprint() -> None:
    assert fingerprint(ORDER) == fingerprint(structs.replace(ORDER))
    assert fingerprint(ORDER) != fingerprint(structs.replace(ORDER, fold_version=ORDER.fold_version + 1))
