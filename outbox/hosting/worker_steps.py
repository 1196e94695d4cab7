"""Worker steps: consumers and other loops come into a Celery worker as steps of its blueprint, each in a thread.

They start with the worker and, on a warm shutdown, finish what they have in hand before it ends.
"""

import os
import time
from functools import partial
from typing import Any

from celery import bootsteps
from celery.worker import state
from django.core.exceptions import ImproperlyConfigured

from kit.stop import LOOPS_GRACE
from outbox.conf import outbox_conf
from outbox.handling.handlers import group_named
from outbox.hosting.hosted_loop import Host, collect_seldom
from outbox.hosting.metrics_server import MetricsServer
from outbox.hosting.runners import consumer_runner, runner_named


class HostingStep(bootsteps.StartStopStep):
    """A step that hosts loops; its subclasses say which."""

    abstract = True

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._hosts = self.make_hosts(**options)
        if self._hosts and "prefork" in parent.pool_cls.__module__:
            raise ImproperlyConfigured("librdkafka does not survive a fork: start this worker with --pool threads")

    def make_hosts(self, **options: Any) -> list[Host]:
        """The loops, from the worker's command line."""
        raise NotImplementedError

    def start(self, parent: Any) -> None:
        """Start the loops."""
        if self._hosts:
            collect_seldom()
        for host in self._hosts:
            host.start()

    def close(self, parent: Any) -> None:
        """Ask the loops to finish, while the worker finishes its tasks."""
        for host in self._hosts:
            host.request_stop()

    def stop(self, parent: Any) -> None:
        """Wait for the loops."""
        self.close(parent)
        deadline = time.monotonic() + LOOPS_GRACE
        for host in self._hosts:
            host.join(max(0.0, deadline - time.monotonic()))

    def terminate(self, parent: Any) -> None:
        """Cold shutdown: what is in hand comes again."""
        self.close(parent)


class ConsumersStep(HostingStep):
    """Hosts the consumer groups named by `--consumers`."""

    def make_hosts(self, consumers: str = "", **options: Any) -> list[Host]:
        """One member of each group."""
        groups = [group_named(name) for name in _names(consumers)]
        if len(groups) > 1 and outbox_conf().group_id:
            raise ImproperlyConfigured("with KAFKA_GROUP_ID set, a worker can host one consumer group only")
        return [Host(f"consumer:{group.name}", partial(consumer_runner, group, give_up=end_worker)) for group in groups]


def end_worker() -> None:
    """Let the worker end with an error, so that whoever watches over it starts another one."""
    state.should_stop = os.EX_SOFTWARE  # type: ignore[assignment]  # a number is what Celery documents


class RunnersStep(HostingStep):
    """Hosts the loops named by `--runners`."""

    def make_hosts(self, runners: str = "", **options: Any) -> list[Host]:
        """One of each."""
        return [Host(f"runner:{name}", runner_named(name)) for name in _names(runners)]


class MetricsStep(bootsteps.StartStopStep):
    """Lets a worker's counters be scraped, whatever it hosts, where the settings name a port."""

    # Processes that a pool forks must not inherit the port.
    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._server = MetricsServer(outbox_conf())

    def start(self, parent: Any) -> None:
        """Listen."""
        self._server.start()

    def stop(self, parent: Any) -> None:
        """Let go of the port."""
        self._server.stop()

    def terminate(self, parent: Any) -> None:
        """Cold shutdown."""
        self._server.stop()


def _names(option: str | None) -> list[str]:
    return [name.strip() for name in (option or "").split(",") if name.strip()]
