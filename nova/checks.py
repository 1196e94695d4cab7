"""System checks of the API: what it cannot run with is refused before anything starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from kit.query_cache.conf import QueryCacheConf
from kit.replicas.conf import ReplicasConf
from kit.settings import settings_check, sound
from nova.conf import NovaConf
from nova.rest.jwt.conf import JwtConf
from nova.rest.throttling import parse_rate
from nova.telemetry.process import program_of

settings_are_sound = settings_check(NovaConf, JwtConf, ReplicasConf, QueryCacheConf, check="nova.E003")


@register()
def callers_can_be_counted(**_: Any) -> list[CheckMessage]:
    """Refuse a rate that is none."""
    conf = sound(NovaConf)
    rates = {"NOVA_API_RATE": conf.rate, "NOVA_API_FAILURE_RATE": conf.failure_rate}
    return [
        Error(f"{name} must be such as 600/s, 10000/m, 100000/h or 1000000/d.", id="nova.E001")
        for name, rate in rates.items()
        if not _is_rate(rate)
    ]


@register()
def tokens_of_the_provider_can_be_verified(**_: Any) -> list[CheckMessage]:
    """Refuse to take an identity provider's tokens without knowing for whom they are, and by which keys."""
    conf = sound(JwtConf)
    if not conf.issuer:
        return []
    lacking = []
    if not conf.audience:
        lacking.append("NOVA_JWT_AUDIENCE, for tokens that were made for others are not for Nova")
    if bool(conf.key_set_url) == bool(conf.secret):
        lacking.append("either NOVA_JWT_JWKS_URL or NOVA_JWT_SECRET")
    return [Error(f"NOVA_JWT_ISSUER needs {' and '.join(lacking)}.", id="nova.E005")] if lacking else []


@register()
def programs_know_what_to_serve_with(**_: Any) -> list[CheckMessage]:
    """Refuse to serve with settings that nobody has chosen, and servers that merely might be there."""
    if not program_of() or getattr(settings, "LOCAL_SERVICES_ARE_KNOWN", True):
        return []
    return [
        Error(
            "The settings are nova.settings.local, and nobody has said which services to serve with.",
            hint="In production set DJANGO_SETTINGS_MODULE, such as to nova.settings.production. On one machine, "
            "manage.py up starts services and programs; others may be named by DATABASE_URL and REDIS_URL.",
            id="nova.E004",
        )
    ]


def _is_rate(rate: str) -> bool:
    try:
        return parse_rate(rate)[0] >= 1
    except (KeyError, ValueError):
        return False
