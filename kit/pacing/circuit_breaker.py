"""Circuit breaker: after an outage nothing is tried for a while, longer each time.

Pure: time and chance arrive as data.
"""

from msgspec import Struct

from kit.pacing.retry import RetryPolicy


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
