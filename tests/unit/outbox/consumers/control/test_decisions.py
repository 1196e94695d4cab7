"""Consumer control: what a pause and a drain hold, of a group, a topic or a partition."""

import pytest

from outbox.bus.topic_patterns import includes
from outbox.consumers.control.decisions import Decisions, Scope


@pytest.mark.parametrize(
    ("paused", "held"),
    [
        (set(), []),
        ({("", None)}, ["a0", "a1", "b0"]),
        ({("a", None)}, ["a0", "a1"]),
        ({("a", 1)}, ["a1"]),
        ({("a", 1), ("b", None)}, ["a1", "b0"]),
    ],
)
def test_a_pause_holds_what_it_names(paused: set[tuple[str, int | None]], held: list[str]) -> None:
    decisions = Decisions(paused=frozenset(paused))

    assert [f"{t}{n}" for t, n in [("a", 0), ("a", 1), ("b", 0)] if decisions.holds((t, n))] == held


def test_a_drained_group_holds_everything() -> None:
    assert Decisions(drained=True).holds(("a", 0))


def test_a_partition_is_one_of_a_topic() -> None:
    with pytest.raises(ValueError, match="topic"):
        Scope(consumer="g", partition=1)


def test_topics_block_by_name_or_pattern() -> None:
    assert [includes(("orders", r"^x\."), topic) for topic in ("orders", "orders2", "x.y")] == [True, False, True]
