"""Layered map: a state that remembers very many names stays cheap to evolve, and stays what it was."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from events.testing import AT
from nova.services.messages.aggregates import CONVERSATION, Conversation
from nova.services.messages.events import MessageDeleted, MessagePersisted
from nova.services.messages.layered_map import LayeredMap

entries = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.booleans()), max_size=60)


@given(entries)
def test_it_is_a_mapping_and_earlier_ones_stay(given_entries: list[tuple[str, bool]]) -> None:
    model: dict[str, bool] = {}
    history = [(LayeredMap(), dict(model))]
    for name, value in given_entries:
        model[name] = value
        history.append((history[-1][0].with_value(name, value=value), dict(model)))
    for kept, then in history:
        assert {name: kept.get(name) for name in "abcdefghij"} == {name: then.get(name) for name in "abcdefghij"}
        assert msgspec.json.decode(msgspec.json.encode(kept), type=LayeredMap) == kept


def evolve_flat(state: Any, payload: Any) -> Any:
    """The planted fault: all entries are copied for each event."""
    (level,) = state.messages.levels or ({},)
    is_there = isinstance(payload, MessagePersisted)
    return structs.replace(state, messages=LayeredMap(levels=(level | {payload.message_id: is_there},)))


def copied(evolve: Callable[[Any, Any], Any], messages: int) -> int:
    """How many entries were copied while a conversation was folded; each message is persisted, every third deleted."""
    state, known, total = Conversation(status="open"), list[Any](), 0
    for number in range(messages):
        name = f"m{number}"
        payloads: list[Any] = [MessagePersisted(message_id=name, conversation_id="c", sender_id="a", created_at=AT)]
        if number % 3 == 0:
            payloads.append(MessageDeleted(message_id=name, conversation_id="c", deleted_at=AT))
        for payload in payloads:
            state = evolve(state, payload)
            total += sum(len(level) for level in state.messages.levels if not any(level is old for old in known))
            known = list(state.messages.levels)
    return total


@pytest.mark.parametrize(("evolve", "is_bounded"), [(CONVERSATION.evolve, True), (evolve_flat, False)])
def test_a_message_costs_the_same_in_a_long_conversation(evolve: Callable[[Any, Any], Any], is_bounded: bool) -> None:
    # Each of n entries is copied at most once per doubling, and 4 000 is less than 2 to the 12th.
    assert (copied(evolve, 3_000) <= 4_000 * 12) is is_bounded
