"""System checks of projections: what they cannot run with is refused before anything starts."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.db import connections
from psycopg import IsolationLevel

from kit.settings import settings_check
from projections.conf import ProjectionsConf

settings_are_sound = settings_check(ProjectionsConf, check="projections.E001")


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
