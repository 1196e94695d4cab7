"""Operations on materialised views: what an operator can ask for, and how it is kept."""

import structlog
from django.db import transaction
from msgspec import Struct

from kit.actions import Action, NoArguments, Operator
from projections.arguments import arguments as checks
from projections.models import ProjectionOperation
from projections.operating.actions import OPERATE
from projections.views import records
from projections.views.definition import View
from projections.views.records import ViewStatus, view_status
from projections.views.registry import view_named

log = structlog.get_logger(__name__)


def ask_for_refresh(name: str, *, actor: str, reason: str) -> ViewStatus:
    """Let a worker compute the view anew within some seconds, whatever its schedule says; the view as it is until then.

    Raises `UnknownView`.
    """
    view = view_named(name)
    REFRESH.perform(view, NoArguments(), Operator(name=actor, reason=reason), checks=checks)
    log.info("view_operated", actor=actor, verb=REFRESH.verb, view=name, reason=reason)
    return view_status(view, records.current(name))


def _ask(view: View, _: Struct, operator: Operator) -> None:
    with transaction.atomic():
        row = records.current(view.name)
        row.is_asked_for, row.retry_at = True, None
        row.save(update_fields=["is_asked_for", "retry_at"])
        ProjectionOperation.objects.create(
            projection=view.name, verb=REFRESH.verb, arguments={}, actor=operator.name, reason=operator.reason
        )


REFRESH: Action[View] = Action(
    verb="refresh",
    label="Refresh",
    explanation="Computes the view anew within some seconds; it is read as it was until then.",
    permission=OPERATE,
    effect=_ask,
)
