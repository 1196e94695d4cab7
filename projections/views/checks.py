"""System checks of materialised views: one that cannot be refreshed while it is read is refused at start."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name for it
from django.db import connections

from projections.definition.registry import registered_projections
from projections.sql.statements import statement
from projections.views.definition import MAX_NAME, FullView, IncrementalView
from projections.views.registry import registered_views

NAME = re.compile(rf"[a-z_][a-z0-9_]{{0,{MAX_NAME - len('_unique') - 1}}}")


@register()
def views_are_sound(**_: Any) -> list[CheckMessage]:
    """Refuse views without a unique index, and those that no projection keeps."""
    return [
        Error(f"The materialised view {view.name!r} {wrong}.", hint=hint, id="projections.E010")
        for view in registered_views()
        for wrong, hint in (_of_full(view) if isinstance(view, FullView) else _of_incremental(view))
    ]


def _of_full(view: FullView) -> Iterator[tuple[str, str]]:
    if not NAME.fullmatch(view.name):
        yield "cannot be called so", "It is the name of a relation: small letters, digits and underscores."
    if not view.unique:
        yield "has no unique columns", "Name columns in `unique`: without them, readers wait for each refresh."
    if view.interval <= 0:
        yield "is refreshed without an end", "`interval` is in seconds, and more than 0."


def _of_incremental(view: IncrementalView) -> Iterator[tuple[str, str]]:
    projection = next((one for one in registered_projections() if one.name == view.projection), None)
    if projection is None or view.model not in projection.models:
        yield f"is no table of a projection {view.projection!r}", "The projection names it among its `models`."
    if view.model._meta.pk.column != view.key:  # noqa: SLF001 - Django documents it for code that takes any model
        yield f"has rows that {view.key!r} does not name", "`key` is the primary key of its table."


@register(Tags.database)
def views_are_those_of_the_code(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Say which full views the database has by another definition than the code, or without their unique index."""
    if not databases or "default" not in databases:
        return []
    found: list[CheckMessage] = []
    for view in registered_views():
        if not isinstance(view, FullView):
            continue
        with connections["default"].cursor() as cursor:
            cursor.execute(statement("view_definition"), {"name": view.name})
            row = cursor.fetchone()
        # One that is not there is made by a migration that has not run; its refresh says so otherwise.
        if row is not None and row != (view.digest, True):
            wrong = "by another definition" if row[0] != view.digest else "without its unique index"
            found.append(
                Warning(
                    f"The database has the materialised view {view.name!r} {wrong}.",
                    hint="Run migrate; where that changes nothing, a migration with `MakeView` is missing.",
                    id="projections.W010",
                )
            )
    return found
