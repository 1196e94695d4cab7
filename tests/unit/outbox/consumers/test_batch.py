"""Batch bisection: the guilty message of a batch is found, whatever else the batch holds."""

from collections.abc import Sequence

import redis.exceptions

from kit.pacing.retry import RetryPolicy
from outbox.bus.base import IncomingMessage
from outbox.consumers.batch import Batch
from outbox.exceptions import Poisonous


def messages(*offsets: int) -> list[IncomingMessage]:
    return [
        IncomingMessage(topic="t", partition=0, offset=n, key=b"k", body=b"", headers=(), timestamp=0) for n in offsets
    ]


class Fussy:
    """Fails on some messages, a number of times each."""

    def __init__(self, failures: dict[int, int], error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or LookupError("no")
        self.taken: list[int] = []
        self.dead_lettered: list[tuple[int, int]] = []
        self.tries = 0

    def take(self, messages: Sequence[IncomingMessage]) -> None:
        self.tries += 1
        for message in messages:
            if self.failures.get(message.offset, 0):
                if len(messages) == 1:
                    self.failures[message.offset] -= 1
                raise self.error
        self.taken += [message.offset for message in messages]

    def dead_letter(self, message: IncomingMessage, error: Exception, *, attempts: int) -> None:
        self.dead_lettered.append((message.offset, attempts))


def work_off(effect: Fussy, number: int, *, limit: int = 2) -> list[float]:
    work = Batch(effect, RetryPolicy(limit=limit, base=1.0), chance=lambda: 0.5)
    work.add(messages(*range(number)))
    pauses = []
    while not work.is_empty:
        pauses.append(work.step())
    assert work.position == number
    return [pause for pause in pauses if pause]


def test_a_batch_that_succeeds_takes_one_step() -> None:
    effect = Fussy({})

    assert work_off(effect, 500) == []
    assert effect.tries == 1


def test_the_guilty_message_is_found_by_halving_and_the_order_is_kept() -> None:
    effect = Fussy({317: 1000})

    pauses = work_off(effect, 500)

    assert effect.taken == [n for n in range(500) if n != 317]
    assert effect.dead_lettered == [(317, 3)]
    assert pauses == [0.5, 1.0]
    # 500 one by one would be 502
    assert effect.tries < 40


def test_a_message_that_succeeds_at_last_is_not_buried() -> None:
    effect = Fussy({3: 2})

    work_off(effect, 10)

    assert effect.taken == list(range(10))
    assert effect.dead_lettered == []


def test_a_poisonous_message_is_not_tried_again() -> None:
    effect = Fussy({3: 1000}, Poisonous("no event"))

    assert work_off(effect, 10) == []
    assert effect.dead_lettered == [(3, 1)]


def test_an_outage_burns_no_attempt_and_takes_nothing_apart() -> None:
    effect = Fussy({3: 1000}, redis.exceptions.ConnectionError())
    work = Batch(effect, RetryPolicy(limit=0), chance=lambda: 0.5)
    work.add(messages(*range(10)))

    assert all(work.step() > 0 for _ in range(20))
    effect.failures.clear()
    work.step()

    assert work.is_empty
    assert effect.taken == list(range(10))
