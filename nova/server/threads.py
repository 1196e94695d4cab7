"""Request threads: threads that live as long as the process answer its requests, and are not made anew for each.

A thread made for each request costs more than most requests do. Probes have threads of their own: they tell how the
process is while requests wait for a database.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from nova.conf import nova_conf
from nova.health.probes import is_probe

P = ParamSpec("P")
ResultT = TypeVar("ResultT")

PROBE_THREADS = 2


class RequestThreads:
    """The threads of one process."""

    def __init__(self) -> None:
        self._requests = ThreadPoolExecutor(nova_conf().web_threads, thread_name_prefix="request")
        self._probes = ThreadPoolExecutor(PROBE_THREADS, thread_name_prefix="probe")

    async def run(self, path: str, work: Callable[P, ResultT], *args: P.args, **kwargs: P.kwargs) -> ResultT:
        """Do the work of a request for that path in a thread, in the present context, and wait for its result."""
        threads = self._probes if is_probe(path) else self._requests
        call = partial(contextvars.copy_context().run, work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(threads, call)
