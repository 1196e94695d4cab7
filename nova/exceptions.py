"""Errors of the composition's web face.

NovaError
├── UnknownScope        no such scope exists
├── TokenNotFound       no live token has that name or number
├── KeysUnavailable     an identity provider's keys are not known
├── BodyTooSlow         a body was not waited for any longer
├── Overloaded          slow clients leave no room for a body or an answer
└── TooManyFailures     an address has to wait
"""

from collections.abc import Iterable


class NovaError(Exception):
    """Root of everything that the web face raises."""


class UnknownScope(NovaError):
    """No such scope exists. `scopes` are the unknown ones, `known` those there are."""

    def __init__(self, scopes: Iterable[str], known: Iterable[str]) -> None:
        self.scopes = tuple(scopes)
        self.known = tuple(known)
        super().__init__(f"unknown scope {', '.join(self.scopes)}; there are {', '.join(self.known)}")


class TokenNotFound(NovaError):
    """No live token has that name or number."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no live token has the name or number {name!r}")
        self.name = name


class KeysUnavailable(NovaError):
    """The identity provider cannot be asked for the keys of its tokens, and none of its are known."""


class BodyTooSlow(NovaError):
    """The next part of a request's body did not come in time. Nothing of the request has taken effect."""


class Overloaded(NovaError):
    """Bodies and answers of slow clients leave no room for one of this size. Nothing has taken effect."""


class TooManyFailures(NovaError):
    """Too many requests from an address have failed; it may come back after `wait` seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__("send a token that is accepted, to addresses that exist")
        self.wait = wait
