"""Outcome: what a payment provider says when it is asked."""

from msgspec import Struct


class Approved(Struct, frozen=True, kw_only=True, tag=True):
    """It has done what it was asked for."""

    reference: str
    """How it names it: at most 255 characters."""


class Declined(Struct, frozen=True, kw_only=True, tag=True):
    """It will not do it."""

    reason: str
    """At most 255 characters."""


Outcome = Approved | Declined
