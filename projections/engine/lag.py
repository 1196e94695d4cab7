"""Lag of a projection: how far its checkpoint is behind the log.

It is computed from the log and the checkpoint alone. No worker is asked, so a dead one cannot look healthy.
"""

from msgspec import Struct

from events.api import log_backlog
from projections.definition.projection import Projection


class Lag(Struct, frozen=True, kw_only=True):
    """What a projection has still to apply."""

    events: int
    """Events of the projection's types after its checkpoint."""
    seconds: float
    """Since the oldest of them was recorded; 0 when there is none."""


def projection_lag(projection: Projection, position: int) -> Lag:
    """The lag of the projection at a position."""
    events, seconds = log_backlog(position, projection.event_types)
    return Lag(events=events, seconds=seconds)
