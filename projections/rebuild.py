"""Rebuild: fills a projection anew. For now in place: readers see it empty and then refill."""

from django.db import transaction

from projections.definition.projection import Projection
from projections.engine import checkpoints


def rebuild(projection: Projection) -> None:
    """Empty the projection's tables and set its checkpoint to 0, in one transaction; the engine refills them.

    Waits for a pass under way. Whatever state the projection was in, it runs again afterwards.
    """
    with transaction.atomic():
        checkpoints.lock(projection.name)
        for model in projection.models:
            model._default_manager.all().delete()  # noqa: SLF001 - Django documents it for code that takes any model
        checkpoints.restart(projection)
