"""System checks of the API: what it cannot run with is refused before anything starts."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from kit.settings import settings_check, sound
from nova.conf import NovaConf
from nova.rest.throttling import parse_rate

settings_are_sound = settings_check(NovaConf, check="nova.E003")


@register()
def callers_can_be_counted(**_: Any) -> list[CheckMessage]:
    """Refuse a rate that is none."""
    try:
        calls, _period = parse_rate(sound(NovaConf).rate)
    except (KeyError, ValueError):
        calls = 0
    if calls >= 1:
        return []
    return [Error("NOVA_API_RATE must be such as 600/s, 10000/m, 100000/h or 1000000/d.", id="nova.E001")]
