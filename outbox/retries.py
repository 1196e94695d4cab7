"""When is something tried again, and when is it given up? Pure: time and chance arrive as data."""

from enum import Enum

from msgspec import Struct


class Failure(Enum):
    """Why the broker does not have a message."""

    OUTAGE = "outage"
    """The broker could not be reached or did not answer in time; says nothing about the message."""
    REFUSED = "refused"
    """The broker refused it and may take it later."""
    PERMANENT = "permanent"
    """It will never be taken as it is."""
    HELD = "held"
    """It was not tried, because one before it failed."""


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """Exponential back-off with full jitter."""

    limit: int
    """How often something is tried again before it is given up."""
    base: float = 0.5
    """Most seconds before the first retry; doubles with each further one."""
    cap: float = 60.0
    """Most seconds before any retry."""

    def delay(self, attempt: int, *, chance: float) -> float:
        """Seconds to wait before the retry with this number, from 1; `chance` lies in [0, 1)."""
        return chance * min(self.cap, self.base * 2.0 ** min(attempt - 1, 30))


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
        case Failure.HELD:
            return None
        case Failure.OUTAGE:
            delay = policy.delay(retry_count + 1, chance=chance)
            return Verdict(retry_count=retry_count, delay=delay, dead=False)
        case Failure.PERMANENT:
            return Verdict(retry_count=retry_count + 1, delay=0, dead=True)
        case Failure.REFUSED:
            attempt = retry_count + 1
            return Verdict(retry_count=attempt, delay=policy.delay(attempt, chance=chance), dead=attempt > policy.limit)


class CircuitBreaker(Struct, frozen=True, kw_only=True):
    """Whether to try at all: open after an outage, for longer each time it goes on."""

    policy: RetryPolicy
    outages: int = 0
    """How many in a row."""
    open_until: float = 0.0
    """Monotonic seconds; closed, or half open for one try, from then on."""

    def allows(self, now: float) -> bool:
        """Whether a try is due."""
        return now >= self.open_until

    def after_outage(self, now: float, *, chance: float) -> "CircuitBreaker":
        """The breaker after another try in vain."""
        # Half of the delay is certain, so that an outage is never met by a tight loop.
        longest = self.policy.delay(self.outages + 1, chance=1.0)
        pause = longest / 2 + longest / 2 * chance
        return CircuitBreaker(policy=self.policy, outages=self.outages + 1, open_until=now + pause)

    def after_success(self) -> "CircuitBreaker":
        """The closed breaker."""
        return self if self.outages == 0 else CircuitBreaker(policy=self.policy)


class Tempo(Struct, frozen=True, kw_only=True):
    """How long a loop without work pauses: shortly after work, longer and longer without. Seconds."""

    shortest: float = 0.005
    longest: float = 0.2
    pause: float = 0.005

    def after_work(self) -> "Tempo":
        """Work tends to be followed by work."""
        return self if self.pause == self.shortest else Tempo(shortest=self.shortest, longest=self.longest)

    def after_nothing(self) -> "Tempo":
        """Twice as long, up to the longest."""
        return Tempo(shortest=self.shortest, longest=self.longest, pause=min(self.longest, self.pause * 2))
