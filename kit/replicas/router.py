"""Database router: replicas take no writes and no migrations, whatever a model instance was read from."""

from typing import Any

from django.db import connections
from django.db.models import Model

from kit.replicas.conf import PRIMARY, is_replica


class ReplicaRouter:
    """For `DATABASE_ROUTERS`. It sends no read to a replica: whoever wants that says so; see `kit.replicas.reads`."""

    def db_for_write(self, _model: type[Model], **hints: Any) -> str | None:
        """The primary of what was read from a replica; of anything else other routers decide."""
        instance = hints.get("instance")
        return PRIMARY if instance is not None and _is_replica(instance._state.db) else None  # noqa: SLF001 - Django's

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        """As for writes: what is looked up for an instance may be about to be written."""
        return self.db_for_write(model, **hints)

    def allow_relation(self, first: Model, second: Model, **_: Any) -> bool | None:
        """A replica's rows are the primary's."""
        found = {PRIMARY if _is_replica(one._state.db) else one._state.db for one in (first, second)}  # noqa: SLF001
        return True if len(found) == 1 else None

    def allow_migrate(self, db: str, *_: Any, **__: Any) -> bool | None:
        """Migrations reach replicas through the write-ahead log."""
        return False if _is_replica(db) else None


def _is_replica(alias: str | None) -> bool:
    return alias is not None and is_replica(connections.settings.get(alias, {}))
