"""Rebuilds of projections as tests want them: run to their end, and projections that say what they were asked to do."""

import time
from collections.abc import Sequence

from events.envelope import RecordedEvent
from nova.services.identity.projections import UsersProjection
from projections.definition.projection import Projection
from projections.models import ProjectionRebuild
from projections.operating.actions import rebuild
from projections.rebuilding.worker import work
from tests.support.database import rows


class Effects(UsersProjection):
    """Says of which events it has let others know."""

    def __init__(self) -> None:
        self.fired: list[int] = []

    def on_applied(self, events: Sequence[RecordedEvent]) -> None:
        """Remember their positions."""
        super().on_applied(events)
        self.fired += [event.position for event in events]


def begin(projection: Projection, *, swap: bool = True) -> None:
    """Begin a rebuild."""
    rebuild(projection, actor="operator", reason="a try", swap=swap)


def go_on(projection: Projection, *, seconds: float = 60) -> bool:
    """Go on with it as far as that goes now; whether it has swapped."""
    return work(projection, until=time.monotonic() + seconds)


def latest() -> ProjectionRebuild:
    """The last rebuild."""
    return ProjectionRebuild.objects.first()  # type: ignore[return-value]  # a test has begun one


def names_and_definitions(table: str) -> list[tuple[str, ...]]:
    """What a table is called and made of, for the database and for Django's migrations."""
    return rows(
        "SELECT indexname::text, indexdef FROM pg_indexes WHERE tablename = %s AND schemaname = 'public' UNION ALL "
        "SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass(%s) UNION ALL "
        "SELECT column_name::text, concat_ws(' ', data_type, column_default, is_nullable, ordinal_position) "
        "FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public' ORDER BY 1, 2",
        table,
        table,
        table,
    )
