"""Rebuild worker: goes on with a projection's rebuild until it is done, or for a while.

Beat starts it every few seconds, and the command line to wait for the end. Whoever finds another at it does nothing.
"""

import time

from projections.conf import projections_conf
from projections.definition.projection import Projection
from projections.rebuilding.filling import Filled, fill
from projections.rebuilding.swapping import try_swap


def work(projection: Projection, *, until: float) -> bool:
    """Fill and swap until nothing is left to do at this moment, or until the monotonic clock says so.

    Whether it has let the new tables take over.
    """
    limit = projections_conf().rebuild_batch_size
    while (filled := fill(projection, limit=limit)) == Filled.MORE and time.monotonic() < until:
        pass
    return filled == Filled.CAUGHT_UP and try_swap(projection)
