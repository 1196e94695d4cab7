"""Prometheus finds the counters of all processes and the state of the rows."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml
from django.test import Client

from nova.local.processes.ports import LOOPBACK, free_port
from tests.support.outbox import eventually, url_of_test_database

ROOT = Path(__file__).parents[4]
WORKER = "from prometheus_client import Counter; Counter('probe', 'A probe.').inc(3)"


def test_rows_and_requests_are_measured(db):
    # A request is measured once it is answered.
    Client().get("/health/live")
    page = Client().get("/metrics").content.decode()
    assert "\noutbox_queue_size 0.0" in page
    assert "http_server_request_duration_seconds_count" in page
    assert 'projection_running{projection="users"}' in page


def test_counters_of_other_processes_are_summed(db, tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for _ in range(2):
        subprocess.run([sys.executable, "-c", WORKER], check=True)
    page = Client().get("/metrics").content.decode()
    assert "\nprobe_total 6.0" in page
    assert page.count("\noutbox_queue_size ") == 1


@pytest.mark.parametrize("path", ["/metrics", "/health/live"])
def test_scraping_needs_no_token(db, path):
    assert Client().get(path).status_code == 200


@pytest.fixture
def production_web(committed_db, redis_url, kafka_brokers, tmp_path):
    """The web server of the production set, started as there; the port that it listens on."""
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["web"]
    port = free_port()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "nova.settings.production",
        "SECRET_KEY": "only-for-tests",
        "ALLOWED_HOSTS": re.sub(r"\$\{.*?\}", "nova.example", service["environment"]["ALLOWED_HOSTS"]),
        "NOVA_ALLOW_PLAINTEXT_BROKER": "1",
        "DATABASE_URL": url_of_test_database(),
        "REDIS_URL": redis_url,
        "KAFKA_BROKERS": kafka_brokers,
        "STATIC_ROOT": str(tmp_path),
    }
    command = ("-m", "nova.server", "--host", LOOPBACK, "--port", str(port))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        eventually(lambda: f":{port}" in (tmp_path / "log").read_text())
        yield port
    finally:
        process.kill()
        process.wait()


def test_the_production_set_finds_its_web_server_alive_and_scrapes_it(production_web):
    described = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["web"]["healthcheck"]["test"]
    assert described[:3] == ["CMD", "python", "-c"]
    alive = described[3].replace("127.0.0.1:8000", f"{LOOPBACK}:{production_web}")
    assert subprocess.run([sys.executable, "-c", alive], check=False).returncode == 0

    asked = Request(f"http://{LOOPBACK}:{production_web}/metrics", headers={"Host": "web:8000"})
    with urlopen(asked, timeout=30) as answer:  # noqa: S310 - an address of our own
        assert b"\noutbox_queue_size 0.0\n" in answer.read()
