"""Rebuild worker: goes on with a projection's rebuild until it is done, or for a while.

Beat starts it every few seconds, and the command line to wait for the end. Whoever finds another at it does nothing.
"""

import time
from contextlib import suppress

from kit.actions import NoArguments
from projections.conf import projections_conf
from projections.exceptions import RebuildRefused
from projections.models import ProjectionCheckpoint, ProjectionRebuild
from projections.projection import Projection
from projections.rebuilding.filling import Filled, fill
from projections.rebuilding.operations import operate, rebuild
from projections.rebuilding.records import latest_rebuild
from projections.rebuilding.swapping import try_swap

ACTOR = "nova"
OUTDATED = "the code has a higher version than the tables"


def work(projection: Projection, *, until: float) -> bool:
    """Fill and swap until nothing is left to do at this moment, or until the monotonic clock says so.

    Whether it has let the new tables take over.
    """
    limit = projections_conf().rebuild_batch_size
    while (filled := fill(projection, limit=limit)) == Filled.MORE and time.monotonic() < until:
        pass
    return filled == Filled.CAUGHT_UP and try_swap(projection)


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
