"""Events of payments, and the requests by which others ask for them. A payment is that of one order, and has its id.

A request is appended by whoever asks, to a stream of its own. Each gets exactly one answer, caused by it: authorize is
answered with `payment.authorized`, charge with `payment.processed`, either with `payment.failed` where the provider
declines; void with `payment.voided`, refund with `payment.refunded`; and any of them with `payment.refused` where the
rules are against it.
"""

from typing import Literal

from msgspec import Struct

from events.api import Topic, event
from nova.services.field_types import Amount, Currency, Id, ShortText

OWNER = "payment-service"
PAYMENTS = Topic(name="{prefix}.payment.events")

RequestName = Literal["authorize", "charge", "void", "refund"]
RefusalCode = Literal[
    "already_authorized", "already_captured", "already_voided", "already_refunded", "exceeds_captured", "declined"
]


@event("payment.authorize_requested", owner=OWNER, topic=PAYMENTS, key="order_id")
class AuthorizeRequested(Struct, frozen=True, kw_only=True):
    """Somebody asks to hold what an order costs."""

    order_id: Id
    amount: Amount
    currency: Currency
    method: ShortText = ""
    """What the customer pays with, as the payment provider names it."""


@event("payment.charge_requested", owner=OWNER, topic=PAYMENTS, key="order_id")
class ChargeRequested(Struct, frozen=True, kw_only=True):
    """Somebody asks to take what an order costs: what is held for it, or at once where nothing is held."""

    order_id: Id
    amount: Amount
    currency: Currency
    method: ShortText = ""
    """What the customer pays with, as the payment provider names it."""


@event("payment.void_requested", owner=OWNER, topic=PAYMENTS, key="order_id")
class VoidRequested(Struct, frozen=True, kw_only=True):
    """Somebody asks to let go of what is held for an order, and to take nothing for it any more."""

    order_id: Id


@event("payment.refund_requested", owner=OWNER, topic=PAYMENTS, key="order_id")
class RefundRequested(Struct, frozen=True, kw_only=True):
    """Somebody asks to give back what was taken for an order."""

    order_id: Id
    amount: Amount | None = None
    """How much is to be given back in all, what was before included; all that was taken where it does not say."""


@event("payment.authorized", owner=OWNER, topic=PAYMENTS, key="order_id")
class PaymentAuthorized(Struct, frozen=True, kw_only=True):
    """What an order costs is held."""

    order_id: Id
    payment_id: Id
    amount: Amount
    currency: Currency
    reference: ShortText
    """How the payment provider names it."""
    repeated: bool = False
    """Whether it was so already, and this only answers once more."""


@event("payment.processed", owner=OWNER, topic=PAYMENTS, key="order_id")
class PaymentProcessed(Struct, frozen=True, kw_only=True):
    """What an order costs was taken."""

    order_id: Id
    payment_id: Id
    amount: Amount
    currency: Currency
    reference: ShortText
    """How the payment provider names it."""
    repeated: bool = False
    """Whether it was so already, and this only answers once more."""


@event("payment.failed", owner=OWNER, topic=PAYMENTS, key="order_id")
class PaymentFailed(Struct, frozen=True, kw_only=True):
    """The payment provider declined; nothing is held or taken. It may be asked for again."""

    order_id: Id
    payment_id: Id
    amount: Amount
    currency: Currency
    reason: ShortText


@event("payment.voided", owner=OWNER, topic=PAYMENTS, key="order_id")
class PaymentVoided(Struct, frozen=True, kw_only=True):
    """Nothing is held for an order any more, and nothing will be taken for it."""

    order_id: Id
    payment_id: Id
    amount: Amount
    """What was held until now; 0 where nothing was."""


@event("payment.refunded", owner=OWNER, topic=PAYMENTS, key="order_id")
class PaymentRefunded(Struct, frozen=True, kw_only=True):
    """What was taken for an order was given back."""

    order_id: Id
    payment_id: Id
    amount: Amount
    """How much was given back now; 0 where there was nothing to give, or it was given before."""
    total: Amount
    """How much has been given back in all."""
    currency: Currency | None
    """None where nothing was ever held or taken."""


@event("payment.refused", owner=OWNER, topic=PAYMENTS, key="order_id")
class PaymentRefused(Struct, frozen=True, kw_only=True):
    """A request was not granted, and nothing has changed."""

    order_id: Id
    payment_id: Id
    request: RequestName
    code: RefusalCode
    reason: ShortText
