"""Metrics server: a small HTTP server by which a process that serves no web pages is scraped for its counters."""

from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from prometheus_client import start_http_server

from outbox.conf import OutboxConf
from outbox.signals.metrics import process_counters

log = structlog.get_logger(__name__)


class MetricsServer:
    """Shows this process's counters to Prometheus, where the settings name a port.

    It listens on loopback unless `NOVA_METRICS_HOST` says otherwise, and asks nobody who they are: the port is for the
    inside.
    """

    def __init__(self, conf: OutboxConf) -> None:
        self._host = conf.metrics_host
        self._port = conf.metrics_port
        self._running: tuple[Any, Any] | None = None

    def start(self) -> None:
        """Listen.

        Raises `ImproperlyConfigured` when the port cannot be had: a process that nobody sees failing is found at once.
        """
        if not self._port:
            return
        try:
            self._running = start_http_server(self._port, self._host, process_counters())
        except OSError as error:
            raise ImproperlyConfigured(
                f"NOVA_METRICS_HOST, NOVA_METRICS_PORT: {self._host}:{self._port}: {error.strerror}"
            ) from error
        log.info("counters can be scraped", host=self._host, port=self._port)

    def stop(self) -> None:
        """Let go of the port."""
        if self._running is not None:
            server, thread = self._running
            self._running = None
            server.shutdown()
            server.server_close()
            thread.join()
