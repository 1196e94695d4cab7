"""External causes: events that the log of this database does not have, such as those of a service with its own.

Their content is kept with the transitions that they lead to, for nobody else here has it.
"""

from collections.abc import Sequence
from uuid import UUID

from events.api import unknown_event_ids
from outbox.api import ReceivedEvent

_services_of_the_log: set[str] = set()
"""Services of which the log has an event: it is taken to have all of theirs, and is not asked again."""


def external_events(events: Sequence[ReceivedEvent]) -> set[UUID]:
    """The ids of those that the log does not have. What names no service is none of Nova's."""
    nameless = {event.event_id for event in events if event.source_service is None}
    strange = {
        event.event_id: event.source_service
        for event in events
        if event.source_service is not None and event.source_service not in _services_of_the_log
    }
    if not strange:
        return nameless
    unknown = unknown_event_ids(strange)
    _services_of_the_log.update(service for event_id, service in strange.items() if event_id not in unknown)
    return nameless | unknown
