"""Does a time that was measured say anything of Nova?"""

import os


def is_busy() -> bool:
    """Whether more wants to run than there are processors, over the last minute: then times are the machine's own."""
    return os.getloadavg()[0] > len(os.sched_getaffinity(0))
