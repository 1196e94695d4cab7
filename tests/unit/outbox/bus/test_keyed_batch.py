"""A key stops behind its first failure, and the others go on."""

from hypothesis import given
from hypothesis import strategies as st

from outbox.bus.base import DeliveryFailure, Failure, OutgoingMessage
from outbox.bus.keyed_batch import BLOCKED, KeyedBatch, refused_topics

REFUSED = DeliveryFailure(failure=Failure.REFUSED, reason="not now")


def message(key: str, topic: str = "t") -> OutgoingMessage:
    return OutgoingMessage(topic=topic, key=key.encode(), body=b"")


def batch_of(keys: str) -> KeyedBatch:
    return KeyedBatch([message(key) for key in keys])


def test_what_is_not_settled_counts_as_blocked() -> None:
    assert batch_of("ab").results == [BLOCKED, BLOCKED]
    assert KeyedBatch([]).results == []


def test_messages_behind_a_failure_of_their_key_are_not_offered() -> None:
    batch = batch_of("aabab")
    offered = []

    for place, _ in batch.pending():
        offered.append(place)
        batch.settle(place, REFUSED if place == 1 else None)

    assert offered == [0, 1, 2, 4]
    assert batch.results == [None, REFUSED, None, BLOCKED, None]


def test_a_key_is_one_of_a_topic() -> None:
    batch = KeyedBatch([message("a", "t"), message("a", "u"), message("a", "t")])
    batch.settle(0, REFUSED)
    assert [place for place, _ in batch.pending()] == [1]


def test_a_wave_has_the_next_message_of_each_key_that_has_not_failed() -> None:
    batch = batch_of("abacba")
    waves = []

    for wave in batch.waves():
        waves.append(wave)
        for place in wave:
            batch.settle(place, REFUSED if place == 1 else None)

    assert waves == [[0, 1, 3], [2], [5]]
    assert batch.results == [None, REFUSED, None, None, BLOCKED, None]


def test_a_wave_that_fails_as_a_whole_is_the_last_one() -> None:
    batch = batch_of("abab")
    for wave in batch.waves():
        for place in wave:
            batch.settle(place, REFUSED)
    assert batch.results == [REFUSED, REFUSED, BLOCKED, BLOCKED]


@given(keys=st.text("abc", max_size=30), failing=st.sets(st.integers(0, 29)))
def test_in_one_go_and_in_waves_the_same_is_delivered_in_the_order_of_each_key(keys: str, failing: set[int]) -> None:
    in_one_go, in_waves = batch_of(keys), batch_of(keys)
    for place, _ in in_one_go.pending():
        in_one_go.settle(place, REFUSED if place in failing else None)
    sent: list[int] = []
    for wave in in_waves.waves():
        assert len({keys[place] for place in wave}) == len(wave)
        for place in wave:
            sent.append(place)
            in_waves.settle(place, REFUSED if place in failing else None)

    assert in_one_go.results == in_waves.results
    for key in set(keys):
        results = [result for place, result in enumerate(in_waves.results) if keys[place] == key]
        delivered = results.index(REFUSED) if REFUSED in results else len(results)
        assert results == [None] * delivered + [REFUSED, *[BLOCKED] * len(results)][: len(results) - delivered]
        assert [place for place in sent if keys[place] == key] == sorted(p for p in sent if keys[p] == key)


def test_topics_that_have_refused_something_are_named() -> None:
    messages = [message("a", topic) for topic in "tuv"]
    assert refused_topics(messages, [REFUSED, None, BLOCKED]) == {"t"}
