"""One JSON object a line, whoever speaks."""

import io
import json
import logging
import sys

import pytest
import structlog

from nova.telemetry.logs import configure_logging


@pytest.fixture
def lines(monkeypatch):
    """The log so far, as objects; the logging of the process is put back afterwards."""
    root, stream = logging.getLogger(), io.StringIO()
    before = (root.handlers[:], root.level)
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging({"level": "INFO", "format": "json"})
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = before


def test_structlog_and_the_standard_library_write_the_same_form(lines):
    structlog.get_logger("nova.test").info("appended", event_id="1")
    logging.getLogger("celery.worker").warning("lost %s", "a broker")

    ours, theirs = lines()

    for line in (ours, theirs):
        assert {"timestamp", "level", "logger", "event", "service", "process", "pid"} <= line.keys()
    assert (ours["event"], ours["event_id"], ours["level"]) == ("appended", "1", "info")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == ("lost a broker", "celery.worker", "warning")


def test_an_exception_stays_on_its_line_without_its_secrets(lines):
    try:
        raise ValueError("nova_" + "a" * 43)
    except ValueError:
        logging.getLogger("django.request").exception("failed")

    (line,) = lines()

    assert "ValueError" in line["exception"]
    assert "nova_aaa" not in line["exception"]


def test_what_the_access_line_says_is_not_said_twice(lines):
    logging.getLogger("django.request").warning("Not Found: /somewhere")
    logging.getLogger("django.request").error("Service Unavailable: /health/ready")
    assert lines() == []


def test_the_correlation_id_is_on_every_line_of_the_request(lines):
    with structlog.contextvars.bound_contextvars(correlation_id="c-1"):
        logging.getLogger("django.db").warning("slow")
    (line,) = lines()
    assert line["correlation_id"] == "c-1"


def test_what_cannot_be_said_in_json_is_described(lines):
    structlog.get_logger("nova.test").info("odd", thing=object)
    assert "object" in lines()[0]["thing"]
