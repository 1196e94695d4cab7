"""Payment aggregate: what was held, taken and given back for one order; the order's id is the aggregate's.

    none ──authorize──▶ authorized ──capture──▶ captured ──refund──▶ refunded
      ├──────────────────────capture───────────────┘
      └──void──▶ voided                     (authorized too; a refund of what was never taken ends here as well)

Each command has exactly one answer and none is refused by an error, for whoever asked waits for an event. `settled`
gives those answers for which nobody need be asked; for the others the command brings along what the provider said. So
nothing is taken twice, and no more given back than was taken. Voided and refunded are the end, also where nothing was
held or taken before: a charge that comes after its void, because it was overtaken on the way, takes nothing. That is
why the commands have no names for REST: they come with the provider's word.

It has more than 200 lines because the rules of one aggregate refer to each other.
"""

from typing import Literal

from msgspec import Struct, structs

from events.api import Aggregate, Command, Issued, aggregates
from nova.services.payments.events import (
    PaymentAuthorized,
    PaymentFailed,
    PaymentProcessed,
    PaymentRefunded,
    PaymentRefused,
    PaymentVoided,
    RefusalCode,
    RequestName,
)
from nova.services.payments.outcome import Approved, Declined, Outcome


class Authorize(Command, frozen=True, kw_only=True):
    """Hold an amount."""

    amount: int
    currency: str
    outcome: Outcome | None = None
    """What the provider said; None where it was not asked."""


class Capture(Command, frozen=True, kw_only=True):
    """Take an amount."""

    amount: int
    currency: str
    outcome: Outcome | None = None


class Void(Command, frozen=True, kw_only=True):
    """Let go of what is held, and take nothing any more."""

    outcome: Outcome | None = None


class Refund(Command, frozen=True, kw_only=True):
    """Give back so much in all; everything where it does not say."""

    amount: int | None = None
    outcome: Outcome | None = None


PaymentCommand = Authorize | Capture | Void | Refund
Status = Literal["none", "authorized", "captured", "voided", "refunded"]


class Payment(Struct, frozen=True, kw_only=True):
    """What is known of an order's payment."""

    status: Status = "none"
    amount: int = 0
    """What is held or was taken, in the currency's smallest unit."""
    currency: str | None = None
    reference: str = ""
    """How the provider names what it did last."""
    captured: int = 0
    refunded: int = 0
    declines: int = 0
    """How often the provider declined: the next try is another question to it."""


def settled(state: Payment, command: PaymentCommand, payment_id: str) -> Struct | None:
    """The answer that follows from what is known; None where the provider has to be asked."""
    match command:
        case Authorize() | Capture():
            return _settled_charge(state, command, payment_id)
        case Void() if state.status == "captured":
            return _refused(payment_id, command, "already_captured", "it was taken already; ask for a refund")
        case Void() if state.status != "authorized":
            return PaymentVoided(order_id=payment_id, payment_id=payment_id, amount=0)
        case Refund(amount=amount) if amount is not None and 0 < state.captured < amount:
            reason = f"{state.captured} {state.currency} were taken, not {amount}"
            return _refused(payment_id, command, "exceeds_captured", reason)
        case Refund() if state.status != "authorized" and to_refund(state, command) == 0:
            return _refunded(state, payment_id, 0)
        case _:
            return None


def to_refund(state: Payment, command: Refund) -> int:
    """How much there is to give back now."""
    total = state.captured if command.amount is None else min(command.amount, state.captured)
    return max(total - state.refunded, 0)


def decide(state: Payment, command: PaymentCommand, issued: Issued) -> list[Struct]:
    """The one answer to a command."""
    payment_id = issued.aggregate_id
    return [settled(state, command, payment_id) or _by_outcome(state, command, payment_id)]


def evolve(state: Payment, payload: Struct) -> Payment:
    """What is so after an event."""
    match payload:
        case PaymentAuthorized(amount=amount, currency=currency, reference=reference):
            return structs.replace(state, status="authorized", amount=amount, currency=currency, reference=reference)
        case PaymentProcessed(amount=amount, currency=currency, reference=reference):
            return structs.replace(
                state, status="captured", amount=amount, currency=currency, reference=reference, captured=amount
            )
        case PaymentFailed():
            return structs.replace(state, status="none", amount=0, reference="", declines=state.declines + 1)
        case PaymentVoided():
            return state if state.status == "refunded" else structs.replace(state, status="voided", amount=0)
        case PaymentRefunded(total=total):
            return structs.replace(
                state, status="refunded" if total >= state.captured else state.status, refunded=total
            )
        case _:
            return state


def _settled_charge(state: Payment, command: Authorize | Capture, payment_id: str) -> Struct | None:
    same = (state.amount, state.currency) == (command.amount, command.currency)
    match state.status, command:
        case "none", _:
            return None
        case "authorized", Capture() if same:
            return None
        case "authorized", Authorize() if same:
            return _approved(PaymentAuthorized, command, payment_id, state.reference, repeated=True)
        case "captured", Capture() if same:
            return _approved(PaymentProcessed, command, payment_id, state.reference, repeated=True)
        case status, _:
            return _refused(payment_id, command, *_REASONS[status])


def _by_outcome(state: Payment, command: PaymentCommand, payment_id: str) -> Struct:
    match command, command.outcome:
        case Authorize(), Approved(reference=reference):
            return _approved(PaymentAuthorized, command, payment_id, reference)
        case Capture(), Approved(reference=reference):
            return _approved(PaymentProcessed, command, payment_id, reference)
        case Authorize() | Capture(), Declined(reason=reason):
            return PaymentFailed(
                order_id=payment_id,
                payment_id=payment_id,
                amount=command.amount,
                currency=command.currency,
                reason=reason,
            )
        case Void(), Approved():
            return PaymentVoided(order_id=payment_id, payment_id=payment_id, amount=state.amount)
        case Refund(), Approved():
            return _refunded(state, payment_id, to_refund(state, command))
        case _, Declined(reason=reason):
            return _refused(payment_id, command, "declined", reason)
        case _:
            raise TypeError(f"{type(command).__name__} needs the provider's word")


def _approved(
    kind: type[PaymentAuthorized] | type[PaymentProcessed],
    command: Authorize | Capture,
    payment_id: str,
    reference: str,
    *,
    repeated: bool = False,
) -> Struct:
    return kind(
        order_id=payment_id,
        payment_id=payment_id,
        amount=command.amount,
        currency=command.currency,
        reference=reference,
        repeated=repeated,
    )


def _refunded(state: Payment, payment_id: str, amount: int) -> PaymentRefunded:
    return PaymentRefunded(
        order_id=payment_id,
        payment_id=payment_id,
        amount=amount,
        total=state.refunded + amount,
        currency=state.currency,
    )


def _refused(payment_id: str, command: PaymentCommand, code: RefusalCode, reason: str) -> PaymentRefused:
    return PaymentRefused(
        order_id=payment_id,
        payment_id=payment_id,
        request=_REQUESTS[type(command)],
        code=code,
        reason=reason,
    )


_REQUESTS: dict[type[Command], RequestName] = {
    Authorize: "authorize",
    Capture: "charge",
    Void: "void",
    Refund: "refund",
}
_REASONS: dict[Status, tuple[RefusalCode, str]] = {
    "authorized": ("already_authorized", "another amount is held for the order; void it first"),
    "captured": ("already_captured", "what the order costs was taken already"),
    "voided": ("already_voided", "the payment was voided, and nothing is taken any more"),
    "refunded": ("already_refunded", "the payment was refunded, and nothing is taken any more"),
}

PAYMENT = aggregates.register(
    Aggregate(
        name="payment",
        initial=Payment(),
        decide=decide,
        evolve=evolve,
        fold_version=1,
        events=(PaymentAuthorized, PaymentProcessed, PaymentFailed, PaymentVoided, PaymentRefunded),
        commands={},
    )
)
