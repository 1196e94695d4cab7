"""Parallel steps: long ones run side by side without keeping Ctrl-C waiting."""

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

Result = TypeVar("Result")


def run_all(tasks: Iterable[Callable[[], Result]], *, at_once: int) -> Iterator[Result]:
    """Run the tasks in threads and yield each result as it comes.

    The first error is raised here at once. Nobody waits for the threads then, nor when the caller is interrupted, and
    they do not keep the interpreter alive: an executor's would, for as long as a network lets them hang.
    """
    todo: SimpleQueue[Callable[[], Result]] = SimpleQueue()
    done: SimpleQueue[Result | BaseException] = SimpleQueue()
    abandoned = threading.Event()

    def work() -> None:
        while not abandoned.is_set():
            try:
                task = todo.get_nowait()
            except Empty:
                return
            try:
                done.put(task())
            except BaseException as error:  # noqa: BLE001 - raised again by the caller
                done.put(error)

    count = 0
    for count, task in enumerate(tasks, start=1):  # noqa: B007
        todo.put(task)
    try:
        for number in range(min(at_once, count)):
            threading.Thread(target=work, name=f"parallel {number}", daemon=True).start()
        for _ in range(count):
            result = done.get()
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        abandoned.set()
