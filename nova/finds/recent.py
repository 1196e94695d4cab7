"""Recent finds: what an operator has found lately, kept in the session and gone with it."""

from typing import Any

from django.http import HttpRequest

KEY = "nova_recent_finds"
MAX_KEPT = 10


def recent_finds(request: HttpRequest) -> list[str]:
    """The terms, the latest first."""
    kept: Any = request.session.get(KEY)
    return [term for term in kept if isinstance(term, str)] if isinstance(kept, list) else []


def remember_find(request: HttpRequest, term: str) -> None:
    """Keep a term by which something was found."""
    before = recent_finds(request)
    after = [term, *(one for one in before if one != term)][:MAX_KEPT]
    if after != before:
        request.session[KEY] = after
