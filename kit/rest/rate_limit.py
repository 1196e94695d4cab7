"""Rate limit: how much of it a caller has left, said in the answer's headers (draft-ietf-httpapi-ratelimit-headers).

    RateLimit-Policy: "calls";q=600;w=60
    RateLimit: "calls";r=417;t=12

Whoever set the limit leaves it at the request as `rate_limit`, and every answer of the API then has both.
"""

import math

from msgspec import Struct

POLICY_HEADER = "RateLimit-Policy"
HEADER = "RateLimit"
NAME = '"calls"'


class RateLimit(Struct, frozen=True, kw_only=True):
    """A limit, and where the caller stands."""

    quota: int
    """Calls in a window."""
    window: int
    """Seconds."""
    remaining: int
    """Calls that are left in this window, at least."""
    reset: float
    """Seconds until the next window."""
    wait: float | None = None
    """Seconds to wait, where this call was one too many."""

    def headers(self) -> dict[str, str]:
        """The two headers."""
        return {
            POLICY_HEADER: f"{NAME};q={self.quota};w={self.window}",
            HEADER: f"{NAME};r={self.remaining};t={math.ceil(self.reset)}",
        }
