"""Time-decayed score: what likes, comments and shares are worth fades by half in each half-life of the post's age.

    worth(now) = points * 2 ** (-(now - created) / HALF_LIFE),   points = 1 + likes + 2 * comments + 3 * shares

Stored, such a worth would be wrong a moment later. But all posts fade at the same rate, so which of two is worth more
never changes while nobody reacts, and neither does it for their logarithms at one fixed moment, 1970:

    score = log2(worth(1970)) = log2(points) + created / HALF_LIFE

That is written once for each reaction, can be indexed, and orders pages that stay as they are while time goes by. It is
forward decay: G. Cormode, V. Shkapenyuk, D. Srivastava, B. Xu, "Forward Decay: A Practical Time Decay Model for
Streaming Systems", ICDE 2009; Reddit's "hot" is log10(votes) + created / 45 000 s, of the same form. A reaction counts
by the post's age and not by its own. A comment takes more than a like, and who shares a post stands by it: hence 1, 2
and 3. A post begins at 1, so that one without reactions has a place among others, by its age alone.
"""

import math
from datetime import datetime, timedelta

HALF_LIFE = timedelta(hours=12)
"""A post of twice the points comes before one that is up to so much newer."""
LIKE, COMMENT, SHARE = 1, 2, 3


def points(*, likes: int, comments: int, shares: int) -> int:
    """What reactions are worth while the post is new, with the 1 that each post has."""
    return 1 + LIKE * likes + COMMENT * comments + SHARE * shares


def score(created_at: datetime, points: int) -> float:
    """What posts are ordered by, greatest first; in half-lives since 1970."""
    return math.log2(points) + created_at.timestamp() / HALF_LIFE.total_seconds()
