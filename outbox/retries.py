"""When is something tried again, and when is it given up? Pure: time and chance arrive as data."""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Literal

from msgspec import Meta, Struct, convert
from msgspec.structs import replace


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


class TopicPolicy(Struct, frozen=True, kw_only=True):
    """What becomes of refused rows of a topic."""

    retry: RetryPolicy
    dead_row_holds_its_key: bool = True
    """Whether the later rows of a dead row's key wait for an operator; else they go on without it."""


class TopicException(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the settings say about one topic; what they leave out is as usual."""

    max_retries: Annotated[int, Meta(ge=0, le=1_000)] | None = None
    base: Annotated[float, Meta(ge=0, le=3_600)] | None = None
    """Most seconds before the first retry."""
    cap: Annotated[float, Meta(ge=0, le=86_400)] | None = None
    """Most seconds before any retry."""
    dead_row: Literal["holds_its_key", "lets_its_key_go_on"] = "holds_its_key"

    def applied_to(self, usual: RetryPolicy) -> TopicPolicy:
        """The policy of the topic."""
        retry = RetryPolicy(
            limit=usual.limit if self.max_retries is None else self.max_retries,
            base=usual.base if self.base is None else self.base,
            cap=usual.cap if self.cap is None else self.cap,
        )
        return TopicPolicy(retry=retry, dead_row_holds_its_key=self.dead_row == "holds_its_key")


class TopicPolicies(Struct, frozen=True, kw_only=True):
    """The policy of each topic."""

    usual: TopicPolicy
    special: Mapping[str, TopicPolicy] = {}
    """By topic; the others have the usual one."""

    @classmethod
    def read(cls, usual: RetryPolicy, exceptions: object) -> "TopicPolicies":
        """From the settings: `exceptions` is an object of `TopicException`s by topic.

        Raises `msgspec.ValidationError` with the place of what is wrong.
        """
        special = convert(exceptions, dict[str, TopicException])
        return cls(
            usual=TopicPolicy(retry=usual),
            special={topic: exception.applied_to(usual) for topic, exception in special.items()},
        )

    def of(self, topic: str) -> TopicPolicy:
        """The policy of a topic."""
        return self.special.get(topic, self.usual)

    def topics_that_go_on(self) -> list[str]:
        """Those among the special ones whose dead rows hold nothing back."""
        return [topic for topic, policy in self.special.items() if not policy.dead_row_holds_its_key]


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
    """The next one."""

    def after_work(self) -> "Tempo":
        """Work tends to be followed by work."""
        return self if self.pause == self.shortest else replace(self, pause=self.shortest)

    def after_nothing(self) -> "Tempo":
        """Once it has paused: twice as long, up to the longest."""
        return replace(self, pause=min(self.longest, self.pause * 2))


class Portion(Struct, frozen=True, kw_only=True):
    """How many messages are taken at a time: the usual number, but fewer for a while after a stall."""

    usual: int
    reduced: int = 0
    """The number while it is reduced."""
    reduced_until: float = 0.0
    """Monotonic seconds."""

    def size(self, now: float) -> int:
        """The number that is due."""
        return self.reduced if now < self.reduced_until else self.usual

    def after_stall(self, now: float, *, period: float) -> "Portion":
        """A quarter of what was too much, for so many seconds: what is only slow comes to its end like this."""
        return replace(self, reduced=max(1, self.size(now) // 4), reduced_until=now + period)
