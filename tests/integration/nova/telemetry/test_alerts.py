"""Alerting rules: they fire when they should, on metrics that there are; Prometheus' own `promtool` is asked."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.test import Client

from tests.support.shares import one_of, share

DEPLOY = Path(__file__).parents[4] / "deploy"
RULES, PROOFS = DEPLOY / "alerts.yml", DEPLOY / "alerts.test.yml"
PROMTOOL = shutil.which("promtool")

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="NOT PROVED: promtool is not installed (apt-get install prometheus)"
)


def promtool(*words: object) -> subprocess.CompletedProcess[str]:
    assert PROMTOOL is not None
    return subprocess.run([PROMTOOL, *map(str, words)], capture_output=True, text=True, timeout=60, check=False)


# Prometheus' own, of each scrape.
BY_PROMETHEUS = {"up"}


def metrics_of(expression: str) -> set[str]:
    """The metrics that an expression asks for: its words, but for functions, labels, and what stands in brackets."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)", " ", expression)
    return set(re.findall(r"\b[a-z_]\w*\b(?!\s*\()", bare)) - {"and", "or", "unless", "bool"}


@needs_promtool
def test_the_rules_are_sound():
    checked = promtool("check", "rules", RULES)
    assert checked.returncode == 0, checked.stderr
    assert "17 rules found" in checked.stdout


@needs_promtool
def test_the_configuration_of_prometheus_is_sound_and_finds_the_rules():
    checked = promtool("check", "config", DEPLOY / "prometheus.yml")
    assert checked.returncode == 0, checked.stderr
    assert "17 rules found" in checked.stdout


@needs_promtool
def test_alerts_fire_at_their_thresholds_and_not_before():
    proved = promtool("test", "rules", PROOFS)
    assert proved.returncode == 0, proved.stderr


A_LITTLE_OFF = (
    ("kafka_consumer_lag) > 1000", "kafka_consumer_lag) >= 1000"),
    ("projection_parked_aggregates) > 0", "projection_parked_aggregates) > 2"),
    ("kafka_consumer_lag) > 1000", "kafka_consumer_lag) > 1001"),
    ("for: 5m", "for: 4m45s"),
    ("for: 5m", "for: 5m15s"),
    ("max by (group, topic, partition) (kafka_consumer_lag)", "kafka_consumer_lag"),
    ("max by (group, topic, partition)", "max by (group)"),
    ("[5m])) > 0.1", "[5m])) > 0.2"),
    ("[5m])) > 0.1", "[5m])) > 0.05"),
    ("sum(rate(", "max(rate("),
    ("event_queue_lag_seconds) > 60", "event_queue_lag_seconds) >= 60"),
    ("event_queue_lag_seconds) > 60", "event_queue_lag_seconds) > 61"),
    ("max by (group, topic) (event_queue_lag_seconds)", "event_queue_lag_seconds"),
    ("max by (group, topic) (", "max by (group) ("),
    ("outbox_queue_age_seconds) > 60", "outbox_queue_age_seconds) >= 60"),
    ("outbox_queue_age_seconds) > 60", "outbox_queue_age_seconds) > 61"),
    ("record: event_publish_failures", "record: event_publish_failed"),
    ("expr: event_publish_failures_total", "expr: sum(event_publish_failures_total)"),
    ("outbox_queue_size) > 1000", "outbox_queue_size) >= 1000"),
    ("outbox_queue_size) > 1000", "outbox_queue_size) > 1001"),
    ("for: 30s", "for: 45s"),
    ("for: 30s", "for: 15s"),
    ('up{job=~"web|processes"}', "up"),
    ("min by (part)", "max by (part)"),
    ("min by (database)", "max by (database)"),
    ("nova_replica_fit) == 0", "nova_replica_fit) == 1"),
    ("absent(nova_part_up)", "absent(up)"),
    ("for: 1m", "for: 45s"),
    ("outbox_dead_rows) > 0", "outbox_dead_rows) > 1"),
    ("outbox_dead_letters_open) > 0", "outbox_dead_letters_open) > 2"),
    ("projection_running) == 0", "projection_running) == 1"),
    ('status="compensation_failed"}) > 0', 'status="compensation_failed"}) > 1'),
    ('status="awaiting_operator"}) > 0', 'status="awaiting_operator"}) > 3'),
    ("max by (saga_type)", "max"),
    ("saga_timers_overdue_seconds) > 30", "saga_timers_overdue_seconds) > 31"),
)


@needs_promtool
@one_of(5)
def test_a_rule_that_is_a_little_off_would_be_noticed(tmp_path, among):
    rules, proofs = RULES.read_text(), PROOFS.read_text()
    unnoticed = []
    for right, wrong in share(A_LITTLE_OFF, 0, among=among):
        assert right in rules
        (tmp_path / RULES.name).write_text(rules.replace(right, wrong))
        (tmp_path / PROOFS.name).write_text(proofs)
        assert promtool("check", "rules", tmp_path / RULES.name).returncode == 0
        if promtool("test", "rules", tmp_path / PROOFS.name).returncode != 1:
            unnoticed.append((right, wrong))
    assert unnoticed == []


def test_the_metrics_of_the_rules_are_exported(db, kafka_brokers, settings):
    settings.KAFKA_BROKERS = kafka_brokers
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    named = set().union(*(metrics_of(rule["expr"]) for rule in rules))
    recorded = {rule["record"] for rule in rules if "record" in rule}

    page = Client().get("/metrics").content.decode()

    exported = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE ")}
    assert named == {
        "up",
        "event_publish_failures_total",
        *("event_queue_lag_seconds", "kafka_consumer_lag"),
        *("outbox_queue_size", "outbox_queue_age_seconds", "outbox_dead_rows", "outbox_dead_letters_open"),
        *("nova_part_up", "nova_replica_fit", "projection_running", "projection_parked_aggregates"),
        *("sagas_open", "saga_timers_overdue_seconds"),
    }
    assert named <= exported | recorded | BY_PROMETHEUS


def test_what_handlers_do_is_exported_as_the_documents_call_it(db):
    page = Client().get("/metrics").content.decode()

    types = {line.split()[2]: line.split()[3] for line in page.splitlines() if line.startswith("# TYPE ")}
    assert types["events_published_total"] == types["events_consumed_total"] == "counter"
    assert types["event_processing_duration"] == "histogram"
