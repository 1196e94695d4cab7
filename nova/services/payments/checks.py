"""System checks of the payment service."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from kit.settings import settings_check, sound
from nova.services.payments.conf import PaymentsConf

settings_are_sound = settings_check(PaymentsConf, check="nova_payments.E001")


@register()
def the_provider_is_there(**_: Any) -> list[CheckMessage]:
    """Refuse a payment provider that cannot be imported."""
    try:
        import_string(sound(PaymentsConf).provider)
    except ImportError as error:
        return [
            Error(
                f"NOVA_PAYMENT_PROVIDER names no class: {error}.",
                hint="Give the dotted path of a class with the methods of PaymentProvider.",
                id="nova_payments.E002",
            )
        ]
    return []
