"""Local payment provider: moves no money, and says the same to the same question, for trials and tests.

It declines by rule: amounts above `NOVA_PAYMENT_DECLINE_ABOVE`, and methods that `NOVA_PAYMENT_DECLINED_METHODS` names.
"""

from uuid import UUID, uuid5

from nova.services.payments.conf import payments_conf
from nova.services.payments.outcome import Approved, Declined, Outcome

NAMESPACE = UUID("a6b5b1a5-5f0e-4f0a-9a55-0d6f2f3f7c11")


class LocalProvider:
    """See `PaymentProvider`."""

    def authorize(self, *, key: str, amount: int, currency: str, method: str) -> Outcome:
        """Approve what no rule declines."""
        conf = payments_conf()
        if method in conf.declined_methods:
            return Declined(reason=f"payments by {method!r} are declined"[:255])
        if amount > conf.decline_above:
            return Declined(reason=f"{amount} {currency} are more than {conf.decline_above}")
        return _approved(key)

    def capture(self, *, key: str, reference: str, amount: int, currency: str) -> Outcome:
        """Approve."""
        return _approved(key)

    def void(self, *, key: str, reference: str) -> Outcome:
        """Approve."""
        return _approved(key)

    def refund(self, *, key: str, reference: str, amount: int, currency: str) -> Outcome:
        """Approve."""
        return _approved(key)


def _approved(key: str) -> Approved:
    return Approved(reference=str(uuid5(NAMESPACE, key)))
