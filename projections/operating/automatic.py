"""Automatic rebuild: begun by a worker where the code has a higher version than the tables, if the settings say so."""

from contextlib import suppress

from kit.actions import NoArguments
from projections.conf import projections_conf
from projections.definition.projection import Projection
from projections.exceptions import RebuildRefused
from projections.models import ProjectionCheckpoint, ProjectionRebuild
from projections.operating.actions import operate, rebuild
from projections.rebuilding.records import latest_rebuild

ACTOR = "nova"
OUTDATED = "the code has a higher version than the tables"


def begin_if_outdated(projection: Projection) -> None:
    """Begin a rebuild where the tables are of a lower version than the code, and the settings want that.

    A version that was rebuilt or given up once is left to operators.
    """
    if projections_conf().rebuild != "auto":
        return
    checkpoint = ProjectionCheckpoint.objects.filter(name=projection.name).first()
    last = latest_rebuild(projection.name)
    if checkpoint is None or checkpoint.version >= projection.version or (last and last.version >= projection.version):
        return
    # Another worker may be about to do the same.
    with suppress(RebuildRefused):
        if last is not None and last.state in ProjectionRebuild.OPEN:
            operate("cancel", projection, NoArguments(), actor=ACTOR, reason=OUTDATED)
        rebuild(projection, actor=ACTOR, reason=OUTDATED)
