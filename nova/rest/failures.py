"""Failed requests: an address that tries tokens, passwords, methods or paths has to wait, before anybody looks at them.

Tokens that are in use, and people who are logged in, go on being served: strangers behind the same proxy shall not
shut them out. Behind a proxy, clients are told apart only where uvicorn trusts it (`FORWARDED_ALLOW_IPS`).
"""

import ipaddress
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from nova.conf import nova_conf
from nova.exceptions import TooManyFailures
from nova.rest.auth import bearer_token, is_in_use
from nova.rest.errors import MACHINE_PATHS
from nova.rest.rules import problem_answer
from nova.rest.throttling import calls

# What a household or a machine has of IPv6: it can take any address within.
IPV6_NETWORK = 64
MAX_ADDRESSES = 1_024
"""Whose network a process remembers."""


class FailuresMiddleware:
    """Counts requests that fail for want of rights or of such a resource by address; answers 429 beyond the rate."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        address = network_of(request.META.get("REMOTE_ADDR") or "")
        if not address:
            return self._get_response(request)
        key, rate = f"nova:failures:{address}", nova_conf().failure_rate
        if not _is_known(request) and (seconds := calls.look(key, rate)) is not None:
            return problem_answer(TooManyFailures(seconds))
        response = self._get_response(request)
        if _has_failed(request, response):
            calls.count(key, rate)
        return response


@lru_cache(maxsize=MAX_ADDRESSES)
def network_of(address: str) -> str:
    """The address, or the IPv6 network that it is part of; empty for what is no address, such as a socket's path."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, IPV6_NETWORK), strict=False).network_address)


def _is_known(request: HttpRequest) -> bool:
    """Whether the caller seems to have rights, as far as this process can tell without asking anybody."""
    if request.path.startswith(MACHINE_PATHS):
        token = bearer_token(request.META.get("HTTP_AUTHORIZATION", ""))
        return token is not None and is_in_use(token)
    # Whether the session is a real one shows later; who logs in has none.
    return settings.SESSION_COOKIE_NAME in request.COOKIES and not _is_login(request)


def _has_failed(request: HttpRequest, response: HttpResponse) -> bool:
    match response.status_code:
        case 401 | 403:
            return True
        case 404:
            return request.resolver_match is None
        case 200:
            # Somebody who may come in is sent on.
            return _is_login(request)
        case _:
            return False


def _is_login(request: HttpRequest) -> bool:
    return request.method == "POST" and request.path == reverse("admin:login")
