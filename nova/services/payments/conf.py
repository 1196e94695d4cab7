"""Settings of the payment service."""

from typing import Annotated

from msgspec import Meta, Struct

from kit.settings import Setting, reader


class PaymentsConf(Struct, frozen=True, kw_only=True):
    """Who takes the money, and what the provider in this house declines."""

    provider: Annotated[str, Setting("NOVA_PAYMENT_PROVIDER")] = "nova.services.payments.local_provider.LocalProvider"
    """The class of the payment provider, made without arguments; see `nova/services/payments/provider.py`. The one in
    this house moves no money."""
    decline_above: Annotated[int, Setting("NOVA_PAYMENT_DECLINE_ABOVE"), Meta(ge=0)] = 2**53 - 1
    """The highest amount that the provider in this house approves, in the currency's smallest unit."""
    declined_methods: Annotated[tuple[str, ...], Setting("NOVA_PAYMENT_DECLINED_METHODS")] = ("declined",)
    """Methods of payment that the provider in this house declines."""


payments_conf = reader(PaymentsConf)
