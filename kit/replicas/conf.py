"""Settings of read replicas, and which of the databases are some."""

from collections.abc import Mapping
from typing import Annotated, Any

from django.db import connections
from msgspec import Meta, Struct

from kit.settings import Setting, reader

REPLICA_OF = "REPLICA_OF"
"""The entry of `DATABASES` that makes a database a replica: the alias of its primary."""
PRIMARY = "default"
MIN_STALENESS = 2
"""Seconds; below, a replica that lacks nothing would be passed by between two looks at it."""
MAX_STALENESS = 300
"""Seconds; for so long a process knows what the primary had when."""


class ReplicasConf(Struct, frozen=True, kw_only=True):
    """How old the answers of replicas may be."""

    max_staleness: Annotated[float, Setting("NOVA_REPLICA_MAX_STALENESS"), Meta(ge=MIN_STALENESS, le=MAX_STALENESS)] = (
        5.0
    )
    """Most seconds that an answer of a read replica may be behind the primary; a replica that may be further behind is
    not asked."""


replicas_conf = reader(ReplicasConf)


def replica_aliases() -> tuple[str, ...]:
    """The databases that are replicas."""
    return tuple(alias for alias, database in connections.settings.items() if is_replica(database))


def is_replica(database: Mapping[str, Any]) -> bool:
    """Whether an entry of `DATABASES` is a replica."""
    return REPLICA_OF in database
