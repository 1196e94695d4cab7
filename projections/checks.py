"""Are projections fit to run? Django's system checks say so before anything starts."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.db import connections
from psycopg import IsolationLevel

from projections.conf import projections_conf

RANGES: dict[str, tuple[str, float, float]] = {
    "batch_size": ("NOVA_PROJECTION_BATCH_SIZE", 1, 50_000),
    "poll_longest": ("NOVA_PROJECTION_POLL_LONGEST", 0.005, 5),
}


@register()
def numbers_are_in_range(**_: Any) -> list[CheckMessage]:
    """Refuse numbers that projections cannot work with."""
    conf = projections_conf()
    return [
        Error(f"{setting} must lie between {least} and {most}.", id="projections.E001")
        for field, (setting, least, most) in RANGES.items()
        if not least <= getattr(conf, field) <= most
    ]


@register()
def transactions_read_what_is_committed(**_: Any) -> list[CheckMessage]:
    """Refuse isolation levels under which the engine would read the log as of before it knew how far it may read."""
    level = connections["default"].settings_dict["OPTIONS"].get("isolation_level", IsolationLevel.READ_COMMITTED)
    if level == IsolationLevel.READ_COMMITTED:
        return []
    return [
        Error(
            "Projections need READ COMMITTED: under another isolation level they would miss events.",
            hint="Remove isolation_level from the OPTIONS of the database.",
            id="projections.E002",
        )
    ]
