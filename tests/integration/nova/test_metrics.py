"""Prometheus finds the counters of all processes and the state of the rows."""

import subprocess
import sys

import pytest
from django.test import Client

WORKER = "from prometheus_client import Counter; Counter('probe', 'A probe.').inc(3)"


def test_rows_and_requests_are_measured(db):
    page = Client().get("/metrics").content.decode()
    assert "\noutbox_queue_size 0.0" in page
    assert "django_http_requests_before_middlewares_total" in page
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
