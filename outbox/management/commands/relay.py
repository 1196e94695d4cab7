"""How is a relay started? `manage.py relay`; as many of them as wanted, on as many machines."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from outbox.bus.choice import bus_of
from outbox.conf import outbox_conf
from outbox.hosting import collect_seldom
from outbox.metrics_server import MetricsServer
from outbox.runner import RelayRunner, RelaySettings


class Command(BaseCommand):
    """Publishes outbox rows until it is stopped by SIGTERM or Ctrl-C."""

    help = "Publish outbox rows to the broker until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the relay; a signal ends it after the batch in hand."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        collect_seldom()
        conf = outbox_conf()
        metrics = MetricsServer(conf)
        metrics.start()
        try:
            RelayRunner(bus_of(conf), RelaySettings.of(conf)).run(stop)
        finally:
            metrics.stop()
