"""Errors of the composition's web face.

NovaError
├── UnknownScope        no such scope exists
└── TokenNotFound       no live token has that name or number
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
