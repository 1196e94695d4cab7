"""Verdict on an outbox row that was not published: tried again, or dead. Pure: chance arrives as data."""

from msgspec import Struct

from kit.pacing.retry import RetryPolicy
from outbox.bus.base import Failure


class Verdict(Struct, frozen=True, kw_only=True):
    """What becomes of a row that was not published."""

    retry_count: int
    delay: float
    """Seconds until the next attempt; without meaning for a dead row."""
    dead: bool


def judge(failure: Failure, retry_count: int, *, policy: RetryPolicy, chance: float) -> Verdict | None:
    """What becomes of a row that has been refused `retry_count` times before; None when nothing changes.

    An outage burns no attempt: it is not the row's fault.
    """
    match failure:
        case Failure.BLOCKED:
            return None
        case Failure.OUTAGE:
            delay = policy.delay(retry_count + 1, chance=chance)
            return Verdict(retry_count=retry_count, delay=delay, dead=False)
        case Failure.PERMANENT:
            return Verdict(retry_count=retry_count + 1, delay=0, dead=True)
        case Failure.REFUSED:
            attempt = retry_count + 1
            return Verdict(retry_count=attempt, delay=policy.delay(attempt, chance=chance), dead=attempt > policy.limit)
