"""Read model of analytics, declared so that it can be verified: which handlers keep which table."""

from nova.services.analytics.models import DailyEventCount
from nova.services.analytics.service import SERVICE
from nova.services.timestamps import utc
from outbox.api import ReceivedEvent
from projections.api import HandledReadModel, register_handled


def row_of(event: ReceivedEvent) -> str:
    """The count that the event adds to: day and type."""
    return f"{utc(event.timestamp).date()} {event.event_type}"


COUNTS = HandledReadModel(
    name="analytics-counts",
    group=SERVICE.name,
    handlers=("analytics-counts",),
    models=(DailyEventCount,),
    row_of=row_of,
)
register_handled(COUNTS)
