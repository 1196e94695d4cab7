"""Payment provider: whoever moves the money, behind one interface.

Each method is idempotent by its key: asked again with the same key, a provider says the same and moves nothing. A key
is asked again when the transaction that kept the answer was rolled back. A provider that cannot be reached raises an
error that counts as an outage (`events.exceptions.Unavailable`), and the request waits for it.
"""

from functools import cache
from typing import Any, Protocol

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from nova.services.payments.conf import payments_conf
from nova.services.payments.outcome import Outcome


class PaymentProvider(Protocol):
    """Moves money. Amounts are in the currency's smallest unit."""

    def authorize(self, *, key: str, amount: int, currency: str, method: str) -> Outcome:
        """Hold an amount; `method` is what the customer pays with, as the provider names it."""
        ...

    def capture(self, *, key: str, reference: str, amount: int, currency: str) -> Outcome:
        """Take what is held; `reference` is that of the authorization."""
        ...

    def void(self, *, key: str, reference: str) -> Outcome:
        """Let go of what is held."""
        ...

    def refund(self, *, key: str, reference: str, amount: int, currency: str) -> Outcome:
        """Give back of what was taken; `reference` is that of the capture."""
        ...


@cache
def payment_provider() -> PaymentProvider:
    """The provider that `NOVA_PAYMENT_PROVIDER` names, one a process."""
    provider: PaymentProvider = import_string(payments_conf().provider)()
    return provider


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "NOVA_PAYMENT_PROVIDER":
        payment_provider.cache_clear()


# Sent by tests that override settings, never in production.
setting_changed.connect(_forget)
