"""Erasure events: a service is asked to remove what it has of a user, and says that it has; each has types of its own.

The right to erasure is that of article 17 of the GDPR (Regulation (EU) 2016/679).
"""

from typing import Annotated

from msgspec import Meta, Struct

from events.api import Topic
from nova.services.field_types import Id

ACCOUNT_DELETION = Topic(name="{prefix}.account_deletion.events")
Count = Annotated[int, Meta(ge=0)]


class ErasureRequest(Struct, frozen=True, kw_only=True):
    """What every such request says."""

    deletion_id: Id
    """The deletion of the account, in whose course it is asked for."""
    user_id: Id
    removed: Count = 0
    """How much is removed already, where a service asks itself to go on."""


class Erased(Struct, frozen=True, kw_only=True):
    """What every such answer says."""

    deletion_id: Id
    user_id: Id
    removed: Count
    """How much was removed."""
