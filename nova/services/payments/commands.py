"""Commands of payments: hold what an order costs, take it, let go of it, give it back.

Each is answered by exactly one event in the order's payment. It takes effect once per `command_id`: a repetition gets
its first answer. Asked again under another id, it says again what is so already, and moves no money. In an open
transaction everything becomes part of it.

The payment provider is asked inside the transaction, with a key that follows from the order and what is known of its
payment: when the transaction is rolled back and run again, the provider knows the question and moves nothing twice.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from msgspec import Struct, structs

from events.api import Issued
from nova.services.payments.aggregates import (
    PAYMENT,
    Authorize,
    Capture,
    Payment,
    PaymentCommand,
    Refund,
    Void,
    settled,
    to_refund,
)
from nova.services.payments.events import AuthorizeRequested, ChargeRequested, RefundRequested, VoidRequested
from nova.services.payments.outcome import Declined, Outcome
from nova.services.payments.provider import payment_provider
from nova.services.requests.answers import Happening, answer
from nova.services.requests.request import Request
from nova.services.requests.unit_of_work import UnitOfWork


def authorize(
    *,
    order_id: str,
    amount: int,
    currency: str,
    method: str = "",
    command_id: UUID,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
) -> Struct:
    """Hold what the order costs, in the currency's smallest unit.

    The answer is `PaymentAuthorized`, `PaymentFailed` when the provider declines, or `PaymentRefused`.
    """
    body = AuthorizeRequested(order_id=order_id, amount=amount, currency=currency, method=method)
    return _answer_one(body, command_id, correlation_id, causation_id)


def capture(
    *,
    order_id: str,
    amount: int,
    currency: str,
    method: str = "",
    command_id: UUID,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
) -> Struct:
    """Take what is held for the order, or hold and take it at once where nothing is held.

    The answer is `PaymentProcessed`, `PaymentFailed` when the provider declines, or `PaymentRefused`.
    """
    body = ChargeRequested(order_id=order_id, amount=amount, currency=currency, method=method)
    return _answer_one(body, command_id, correlation_id, causation_id)


def void(
    *,
    order_id: str,
    command_id: UUID,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
) -> Struct:
    """Let go of what is held for the order, and take nothing for it any more, whatever comes later.

    The answer is `PaymentVoided`, or `PaymentRefused` when it was taken already.
    """
    return _answer_one(VoidRequested(order_id=order_id), command_id, correlation_id, causation_id)


def refund(
    *,
    order_id: str,
    amount: int | None = None,
    command_id: UUID,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
) -> Struct:
    """Give back so much in all, what was given back before included; everything where no amount is named.

    What is only held is let go of, and where nothing was taken nothing will be. The answer is `PaymentRefunded`, or
    `PaymentRefused` when less was taken.
    """
    return _answer_one(RefundRequested(order_id=order_id, amount=amount), command_id, correlation_id, causation_id)


def answer_requests(requests: Sequence[Request]) -> list[Struct]:
    """Answer several requests in their order, in one transaction and one append."""
    return answer(requests, prepare=_lock, decide=_decide)


def _answer_one(body: Struct, command_id: UUID, correlation_id: UUID | None, causation_id: UUID | None) -> Struct:
    request = Request(body=body, command_id=command_id, correlation_id=correlation_id, causation_id=causation_id)
    return answer_requests([request])[0]


def _lock(work: UnitOfWork, requests: Sequence[Request]) -> None:
    work.lock(PAYMENT, *(request.order_id for request in requests))


def _decide(work: UnitOfWork, request: Request) -> Iterator[Happening]:
    order_id = request.order_id
    state: Payment = work.state(PAYMENT, order_id)
    command = _command(request.body)
    if settled(state, command, order_id) is None:
        command = structs.replace(command, outcome=_ask(state, command, request.body))
    issued = Issued(aggregate_id=order_id, command_id=request.command_id, at=request.at, user_id=request.user_id)
    (reply,) = PAYMENT.decide(state, command, issued)
    yield PAYMENT, order_id, reply


def _command(body: Struct) -> PaymentCommand:
    match body:
        case AuthorizeRequested(amount=amount, currency=currency):
            return Authorize(amount=amount, currency=currency)
        case ChargeRequested(amount=amount, currency=currency):
            return Capture(amount=amount, currency=currency)
        case VoidRequested():
            return Void()
        case RefundRequested(amount=amount):
            return Refund(amount=amount)
        case _:
            raise TypeError(f"{type(body).__name__} asks for nothing that payments do")


def _ask(state: Payment, command: PaymentCommand, body: AuthorizeRequested | ChargeRequested) -> Outcome:
    """What the provider says."""
    provider, order_id = payment_provider(), body.order_id
    match command:
        case Authorize():
            return _authorize(state, body)
        case Capture(amount=amount, currency=currency):
            reference = state.reference
            if state.status != "authorized":
                held = _authorize(state, body)
                if isinstance(held, Declined):
                    return held
                reference = held.reference
            taken = provider.capture(
                key=f"{order_id}/capture/{state.declines}", reference=reference, amount=amount, currency=currency
            )
            if isinstance(taken, Declined):
                provider.void(key=f"{order_id}/void/{state.declines}", reference=reference)
            return taken
        case Refund() if state.status == "captured":
            amount = to_refund(state, command)
            key = f"{order_id}/refund/{state.refunded}-{state.refunded + amount}"
            return provider.refund(key=key, reference=state.reference, amount=amount, currency=state.currency or "")
        case _:
            return provider.void(key=f"{order_id}/void/{state.declines}", reference=state.reference)


def _authorize(state: Payment, body: AuthorizeRequested | ChargeRequested) -> Outcome:
    return payment_provider().authorize(
        key=f"{body.order_id}/authorize/{state.declines}",
        amount=body.amount,
        currency=body.currency,
        method=body.method,
    )
