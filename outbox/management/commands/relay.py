"""Relay command: `manage.py relay` starts one; there may be several, on several machines."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from kit.stop import LOOPS_GRACE, LOOPS_STOP, end_within
from outbox.conf import outbox_conf
from outbox.hosting.hosted_loop import Host, collect_seldom
from outbox.hosting.metrics_server import MetricsServer
from outbox.hosting.runners import relay_runner


class Command(BaseCommand):
    """Publishes outbox rows until it is stopped by SIGTERM or Ctrl-C; a fault does not stop it."""

    help = "Publish outbox rows to the broker until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the relay; a signal ends it after the batch in hand."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        collect_seldom()
        metrics = MetricsServer(outbox_conf())
        metrics.start()
        host = Host("relay", relay_runner)
        host.start()
        try:
            stop.wait()
            end_within(LOOPS_STOP)
            host.request_stop()
            host.join(LOOPS_GRACE)
        finally:
            metrics.stop()
