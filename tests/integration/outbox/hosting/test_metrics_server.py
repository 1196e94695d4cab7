"""Metrics server: a process without web pages can be scraped, and only by whom it should be."""

import socket
import threading
from typing import Any
from urllib.request import urlopen

import pytest
from django.core.exceptions import ImproperlyConfigured

from nova.local.processes.ports import LOOPBACK, free_port
from outbox.conf import outbox_conf
from outbox.hosting import metrics_server
from outbox.hosting.metrics_server import MetricsServer
from outbox.signals.metrics import PUBLISH_FAILURES


@pytest.fixture
def port(settings: Any) -> int:
    settings.NOVA_METRICS_PORT = free_port()
    return int(settings.NOVA_METRICS_PORT)


def test_counters_are_shown_while_it_runs_and_the_port_is_free_afterwards(port: int) -> None:
    PUBLISH_FAILURES.inc()
    server = MetricsServer(outbox_conf())
    server.start()
    try:
        with urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=5) as answer:
            page = answer.read().decode()
    finally:
        server.stop()

    assert "\nevent_publish_failures_total " in page
    # What the rows say is told by the web servers: not by every process once more.
    assert "outbox_queue_size" not in page
    with socket.create_server((LOOPBACK, port)):
        pass


def test_it_listens_on_loopback_unless_somebody_says_otherwise(
    port: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def start(port: int, host: str, _: Any) -> Any:
        asked.append(host)
        raise OSError

    monkeypatch.setattr(metrics_server, "start_http_server", start)
    for host in (None, "192.0.2.1"):
        if host:
            settings.NOVA_METRICS_HOST = host
        with pytest.raises(ImproperlyConfigured):
            MetricsServer(outbox_conf()).start()

    assert asked == ["127.0.0.1", "192.0.2.1"]


def test_nothing_listens_without_a_port() -> None:
    threads = threading.active_count()
    server = MetricsServer(outbox_conf())
    server.start()
    assert threading.active_count() == threads
    server.stop()


def test_a_port_that_is_taken_is_said_by_the_name_of_its_setting(port: int) -> None:
    with socket.create_server((LOOPBACK, port)), pytest.raises(ImproperlyConfigured, match="NOVA_METRICS_PORT"):
        MetricsServer(outbox_conf()).start()
