"""Journey of an event over HTTP."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from events.api import EventNotFound, head_of_event
from kit.rest.description.openapi import described
from kit.rest.view import ApiView
from nova.journey.journey import Journey, journey_of
from nova.journey.parts import seen_with
from nova.rest.auth import scopes_of


class JourneyView(ApiView):
    """What has become of one event."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @described(
        operation_id="get_event_journey",
        summary="Follow an event from the log through outbox, topic, consumers, projections and sagas",
        answer=Journey,
        errors=(EventNotFound,),
    )
    def get(self, request: Request, event_id: Any) -> Response:
        """The journey of the event of that id, as far as the token's scopes let it be seen; `hidden` names the rest."""
        head = head_of_event(event_id)
        if head is None:
            raise EventNotFound(event_id)
        return Response(journey_of(head.event, sees=seen_with(scopes_of(request))))
