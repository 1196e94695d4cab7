"""Retry policy and circuit breaker: when something is tried again, and when it is given up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.pacing.circuit_breaker import CircuitBreaker
from kit.pacing.retry import RetryPolicy
from kit.pacing.tempo import Tempo
from outbox.bus.base import Failure
from outbox.consumers.adaptive_batch_size import AdaptiveBatchSize
from outbox.relay.topic_policies import TopicPolicies
from outbox.relay.verdict import judge

POLICY = RetryPolicy(limit=3, base=1.0, cap=10.0)


@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_delay_lies_between_nothing_and_the_cap(attempt: int, chance: float) -> None:
    assert 0 <= POLICY.delay(attempt, chance=chance) <= 10.0


def test_the_longest_delay_doubles_up_to_the_cap() -> None:
    assert [POLICY.delay(attempt, chance=1.0) for attempt in range(1, 7)] == [1, 2, 4, 8, 10, 10]


def test_a_refused_row_is_dead_when_its_retries_are_used_up() -> None:
    verdicts = [judge(Failure.REFUSED, count, policy=POLICY, chance=0.5) for count in range(4)]

    assert [verdict and (verdict.retry_count, verdict.dead) for verdict in verdicts] == [
        (1, False),
        (2, False),
        (3, False),
        (4, True),
    ]


def test_what_can_never_be_taken_is_dead_at_once() -> None:
    verdict = judge(Failure.PERMANENT, 0, policy=POLICY, chance=0.5)

    assert verdict is not None
    assert verdict.dead


@pytest.mark.parametrize("count", [0, 3, 100])
def test_an_outage_burns_no_attempt(count: int) -> None:
    verdict = judge(Failure.OUTAGE, count, policy=POLICY, chance=0.5)

    assert verdict is not None
    assert (verdict.retry_count, verdict.dead) == (count, False)


def test_nothing_happens_to_a_row_that_was_held() -> None:
    assert judge(Failure.BLOCKED, 2, policy=POLICY, chance=0.5) is None


def test_the_breaker_opens_for_longer_with_each_outage_and_closes_with_a_success() -> None:
    breaker = CircuitBreaker(policy=POLICY)
    assert breaker.allows(0.0)

    once = breaker.after_outage(100.0, chance=0.0)
    twice = once.after_outage(100.0, chance=0.0)

    assert not once.allows(100.4)
    assert once.allows(100.5)
    assert not twice.allows(100.9)
    assert twice.after_success().allows(0.0)


def test_the_tempo_slows_down_without_work_and_is_quick_again_with_it() -> None:
    tempo = Tempo(shortest=0.001, longest=0.4, pause=0.001)
    for _ in range(20):
        tempo = tempo.after_nothing()

    assert tempo.pause == 0.4
    assert tempo.after_work() == Tempo(shortest=0.001, longest=0.4, pause=0.001)


def test_what_the_settings_leave_out_of_a_topics_policy_is_as_usual() -> None:
    policies = TopicPolicies.read(POLICY, {"a": {"max_retries": 0}, "b": {"dead_row": "lets_its_key_go_on", "cap": 5}})

    assert policies.of("other").retry == POLICY
    assert policies.of("a").retry == RetryPolicy(limit=0, base=1.0, cap=10.0)
    assert policies.of("b").retry == RetryPolicy(limit=3, base=1.0, cap=5.0)
    assert policies.topics_that_go_on() == ["b"]


def test_after_each_stall_a_quarter_is_taken_at_a_time_and_the_usual_number_when_the_last_one_is_long_ago() -> None:
    once = AdaptiveBatchSize(usual=500).after_stall(100.0, period=60.0)
    twice = once.after_stall(120.0, period=60.0)
    often = twice
    for _ in range(10):
        often = often.after_stall(130.0, period=60.0)

    assert (once.size(100.0), twice.size(120.0), often.size(130.0)) == (125, 31, 1)
    assert (twice.size(179.9), twice.size(180.0)) == (31, 500)
