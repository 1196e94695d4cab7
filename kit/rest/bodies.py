"""Request bodies that several resources take."""

from typing import Annotated

from msgspec import Meta, Struct

from kit.arguments import MAX_REASON

Reason = Annotated[str, Meta(min_length=1, max_length=MAX_REASON)]


class ReasonBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a client wants it."""

    reason: Reason
