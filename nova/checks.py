"""Is the web face fit to run? Django's system checks say so before anything starts."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from nova.conf import rest_conf
from nova.rest.throttling import parse_rate


@register()
def callers_can_be_counted(**_: Any) -> list[CheckMessage]:
    """Refuse a rate that is none, and a trust in tokens that ends before it begins."""
    conf = rest_conf()
    problems: list[CheckMessage] = []
    try:
        calls, _period = parse_rate(conf.rate)
    except (KeyError, ValueError):
        calls = 0
    if calls < 1:
        problems.append(Error("NOVA_API_RATE must be such as 600/s, 10000/m, 100000/h or 1000000/d.", id="nova.E001"))
    if conf.token_cache_seconds < 0:
        problems.append(Error("NOVA_API_TOKEN_CACHE_SECONDS must be 0 or more.", id="nova.E002"))
    return problems
