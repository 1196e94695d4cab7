"""How far a member has read, of which topic, and where there was nothing more."""

from collections.abc import Collection, Mapping

import pytest

from outbox.bus.kafka.reading import Reading, nameless


class Naming:
    """A broker that gives each topic another id whenever it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, topics: Collection[str]) -> Mapping[str, str]:
        self.asked += topics
        return {topic: f"{topic}-{self.asked.count(topic)}" for topic in topics}


def test_a_topic_is_asked_for_once() -> None:
    naming = Naming()
    reading = Reading(naming)

    assert [reading.message("a", partition, offset) for partition in (0, 1) for offset in (5, 6)] == ["a-1"] * 4
    assert reading.message("b", 0, 0) == "b-1"
    assert naming.asked == ["a", "b"]


def test_offsets_that_go_back_are_those_of_another_topic() -> None:
    reading = Reading(Naming())

    assert [reading.message("a", 0, offset) for offset in (6, 7, 0, 1, 7)] == ["a-1", "a-1", "a-2", "a-2", "a-2"]


def test_a_partition_that_goes_and_comes_back_may_be_that_of_another_topic() -> None:
    reading = Reading(Naming())
    reading.message("a", 0, 6)
    reading.message("a", 1, 6)

    reading.forget([("a", 0)])
    assert reading.message("a", 0, 7) == "a-1"
    reading.forget([("a", 0), ("a", 1)])
    assert reading.message("a", 0, 8) == "a-2"


@pytest.mark.parametrize(
    ("given", "ended", "done", "goes_on_at"),
    [
        ([4, 5], None, 6, 6),
        ([4, 5], 6, 6, 6),
        ([4, 5], 9, 6, 9),
        ([4, 5], 9, 5, 5),
        ([], 9, 0, 9),
        ([4], 9, 0, 0),
    ],
)
def test_who_is_done_with_all_that_it_was_given_goes_on_at_the_end(
    given: list[int], ended: int | None, done: int, goes_on_at: int
) -> None:
    reading = Reading(nameless)
    for offset in given:
        reading.message("a", 0, offset)
    if ended is not None:
        reading.ended(("a", 0), ended)

    assert reading.after(("a", 0), done) == goes_on_at


def test_an_end_holds_until_something_comes() -> None:
    reading = Reading(nameless)
    reading.ended(("a", 0), 9)
    assert reading.end(("a", 0)) == 9

    reading.message("a", 0, 9)
    assert reading.end(("a", 0)) is None
    assert reading.after(("a", 0), 10) == 10
