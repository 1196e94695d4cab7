"""System checks of projections: what they cannot run with is refused before anything starts."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name for it
from django.db import connections
from msgspec import ValidationError, convert, to_builtins
from psycopg import IsolationLevel

from kit.settings import settings_check, sound
from projections.conf import ProjectionsConf
from projections.definition.policy import Mode, Policy
from projections.definition.registry import registered_projections
from projections.sql.statements import statement

READ_COMMITTED = "read committed"

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


@register()
def policies_are_sound(**_: Any) -> list[CheckMessage]:
    """Refuse policies that no projection can have, and those of projections that are not there."""
    projections = {projection.name: projection for projection in registered_projections()}
    overrides = sound(ProjectionsConf).projections
    wrong = [
        f"NOVA_PROJECTIONS names {name!r}; there are {', '.join(sorted(projections)) or 'none'}."
        for name in sorted(overrides.keys() - projections.keys())
    ]
    for name, projection in projections.items():
        try:
            policy = convert(to_builtins(projection.policy) | overrides.get(name, {}), Policy)
        except ValidationError as error:
            wrong.append(f"The policy of the projection {name!r} cannot be this: {error}.")
        else:
            if (policy.mode is Mode.INLINE or policy.workers > 1) and not projection.per_aggregate:
                wrong.append(
                    f"The projection {name!r} cannot be inline or have several workers: its class does not say that it "
                    "is per_aggregate."
                )
            if policy.mode is Mode.INLINE and policy.workers > 1:
                wrong.append(f"The projection {name!r} cannot be inline and have several workers.")
    hint = f"By projection: {', '.join(Policy.__struct_fields__)}."
    return [Error(problem, hint=hint, id="projections.E004") for problem in wrong]


@register(Tags.database)
def sessions_read_what_is_committed(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Say that the role or the database has a stricter default, and refuse it where sessions follow it."""
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(statement("default_isolation"))
        default, effective = cursor.fetchone()
    if effective != READ_COMMITTED:
        return [
            Error(
                f"Projections would halt: the database's sessions are {effective.upper()}, not READ COMMITTED.",
                hint="Let the database's ENGINE be kit.postgresql, whose sessions are READ COMMITTED.",
                id="projections.E003",
            )
        ]
    if default != READ_COMMITTED:
        return [
            Warning(
                f"The role or the database says {default.upper()} by default; Nova's sessions are READ COMMITTED.",
                hint="Nothing is at risk. What needs a stricter level sets it for its transaction; the default can be "
                "taken back by ALTER ROLE or ALTER DATABASE … RESET default_transaction_isolation.",
                id="projections.W001",
            )
        ]
    return []
