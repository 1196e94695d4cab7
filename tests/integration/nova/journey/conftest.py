"""Callers of the API, with and without rights; each test begins with an empty Redis."""

from tests.support.callers import caller, caller_with, nothing_is_remembered

__all__ = ["caller", "caller_with", "nothing_is_remembered"]
