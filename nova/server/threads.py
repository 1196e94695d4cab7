"""Request threads: threads that live as long as the process answer its requests, and are not made anew for each.

A thread made for each request costs more than most requests do, and so does a future of an executor beside the event
loop's. Probes have threads of their own: they tell how the process is while requests wait for a database.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from nova.conf import nova_conf
from nova.health.probes import is_probe

P = ParamSpec("P")
ResultT = TypeVar("ResultT")
Work = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]

PROBE_THREADS = 2


class RequestThreads:
    """The threads of one process."""

    def __init__(self) -> None:
        self._requests = Threads(nova_conf().web_threads, "request")
        self._probes = Threads(PROBE_THREADS, "probe")

    async def run(self, path: str, work: Callable[P, ResultT], *args: P.args, **kwargs: P.kwargs) -> ResultT:
        """Do the work of a request for that path in a thread, in the present context, and wait for its result."""
        threads = self._probes if is_probe(path) else self._requests
        call = partial(contextvars.copy_context().run, work, *args, **kwargs)
        return await threads.run(call)


class Threads:
    """At most so many threads, started as they are needed, which work for one event loop."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._waiting: SimpleQueue[Work] = SimpleQueue()
        # Both are the event loop's: no thread changes them.
        self._started = 0
        self._unfinished = 0

    async def run(self, call: Callable[[], ResultT]) -> ResultT:
        """Call in a thread, as soon as one is free, and wait for what comes of it."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[ResultT] = loop.create_future()
        self._unfinished += 1
        if self._started < min(self._unfinished, self._most):
            self._started += 1
            # Nobody waits for them at the end: each may wait for a database.
            threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()
        self._waiting.put((loop, done, call))
        return await done

    def _work(self) -> None:
        while True:
            loop, done, call = self._waiting.get()
            result = error = None
            try:
                result = call()
            except BaseException as raised:  # noqa: BLE001 - it is whose request it is
                error = raised
            # A loop that is closed waits for nothing.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._finish, done, result, error)
            # What a thread has done is not kept while it waits.
            del loop, done, call, result, error

    def _finish(self, done: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
        self._unfinished -= 1
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)
