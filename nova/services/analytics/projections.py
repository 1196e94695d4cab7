"""Read models of analytics: which handlers keep the counts, and what is projected from the log."""

from nova.services.analytics.models import DailyEventCount, HourlyEventCount
from nova.services.analytics.service import SERVICE
from nova.services.analytics.user_activity import UserActivityProjection
from nova.services.timestamps import utc
from outbox.api import ReceivedEvent
from projections.api import HandledReadModel, register_handled, register_projections


def row_of(event: ReceivedEvent) -> str:
    """The count of a day that the event adds to: day and type."""
    return f"{utc(event.timestamp).date()} {event.event_type}"


COUNTS = HandledReadModel(
    name="analytics-counts",
    group=SERVICE.name,
    handlers=("analytics-counts",),
    models=(DailyEventCount, HourlyEventCount),
    row_of=row_of,
)
register_handled(COUNTS)

ACTIVITY = UserActivityProjection()
register_projections(ACTIVITY)
