"""Payment handlers: the group `payment-service` answers what others ask of it by events."""

from collections.abc import Sequence

from nova.services.payments.commands import answer_requests
from nova.services.payments.events import AuthorizeRequested, ChargeRequested, RefundRequested, VoidRequested
from nova.services.payments.service import SERVICE
from nova.services.requests.request import request_of
from outbox.api import ReceivedEvent, handles


@handles(AuthorizeRequested, ChargeRequested, VoidRequested, RefundRequested, group=SERVICE.name, batch=True)
def answer_payment_requests(events: Sequence[ReceivedEvent]) -> None:
    """Answer all of them at once; a provider that is away lets all of them wait."""
    answer_requests([request_of(event) for event in events])
